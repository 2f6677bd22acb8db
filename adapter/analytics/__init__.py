"""Makes events from Envoy's access log and uploads them to the platform; docs/analytics.md."""
