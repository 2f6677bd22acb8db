"""Keeps the snapshot in step with the platform."""
