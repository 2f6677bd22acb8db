"""Alerts: rules, measurements, and how people are told."""
