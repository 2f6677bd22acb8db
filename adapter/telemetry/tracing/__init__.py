"""Spans in OpenTelemetry's form; needs the extra `otel`."""
