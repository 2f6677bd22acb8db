"""Events as log records of OpenTelemetry."""
