"""The process itself: time, supervised tasks, fairness, memory."""
