"""Alerts: the list, one alert with its history, and the forms."""
