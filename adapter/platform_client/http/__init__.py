"""Exchanges with the platform over HTTP."""
