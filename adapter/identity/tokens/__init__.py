"""Verifies tokens, and remembers those that are authentic."""
