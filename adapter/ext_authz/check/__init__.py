"""Reads Checks into request attributes, with a fast reader and a protobuf reader."""
