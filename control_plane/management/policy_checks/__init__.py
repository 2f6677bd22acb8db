"""Finds mistakes in a policy before it is stored."""
