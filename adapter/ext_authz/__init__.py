"""Envoy's external authorization. Only this package knows the messages of Checks."""
