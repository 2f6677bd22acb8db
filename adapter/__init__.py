"""An adapter that puts API management on any Envoy; see docs/architecture.md."""
