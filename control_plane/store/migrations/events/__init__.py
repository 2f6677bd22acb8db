"""Migrations of the events file."""
