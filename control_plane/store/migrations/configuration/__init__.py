"""Migrations of the configuration database."""
