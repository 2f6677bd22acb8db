"""Configurations with one mistake each."""
