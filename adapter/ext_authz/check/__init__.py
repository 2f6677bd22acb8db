"""Reads a Check into request attributes."""
