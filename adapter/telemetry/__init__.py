"""What the adapter tells of itself: logs and metrics."""
