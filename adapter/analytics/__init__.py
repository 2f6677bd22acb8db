"""From Envoy's access log to the platform's API analytics; see docs/analytics.md."""
