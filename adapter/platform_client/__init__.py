"""The edge towards the platform: the only place that knows its protocol."""
