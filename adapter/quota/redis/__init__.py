"""Quota windows on Redis or Valkey."""
