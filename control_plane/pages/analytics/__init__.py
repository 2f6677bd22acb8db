"""Pages about traffic: the dashboard, and the log of requests."""
