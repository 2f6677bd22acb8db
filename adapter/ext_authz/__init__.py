"""Envoy's external authorization: the only place that knows its messages."""
