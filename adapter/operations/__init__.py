"""What operators ask: whether it is alive and ready, what it counts, what it has loaded."""
