"""Writes the answer to a Check."""
