"""Asks identity providers whether tokens are active, and remembers the answers."""
