"""Through a real Envoy."""
