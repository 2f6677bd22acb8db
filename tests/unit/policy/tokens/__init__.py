"""Signed tokens and their keys."""
