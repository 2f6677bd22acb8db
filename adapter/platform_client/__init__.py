"""The HTTP edge towards the platform: the only place that knows its JSON."""
