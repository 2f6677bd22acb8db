"""Reads access log entries."""
