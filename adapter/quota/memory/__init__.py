"""Quota windows in this process."""
