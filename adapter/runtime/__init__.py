"""The process: clock, tasks, back-off, fairness, memory, small files, and which build it is."""
