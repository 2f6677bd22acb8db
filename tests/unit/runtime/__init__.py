"""The process itself: clocks, waits, background tasks."""
