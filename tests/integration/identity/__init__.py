"""Calls to identity providers, on loopback."""
