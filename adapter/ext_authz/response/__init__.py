"""Writes the answers to Checks."""
