"""Logs and metrics for operators; see docs/operations.md."""
