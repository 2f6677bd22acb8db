"""Sends events to a collector of OpenTelemetry as log records; needs the extra `otel`."""
