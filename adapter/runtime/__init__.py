"""The process: clock, background tasks, back-off, fairness, memory, and which build it is."""
