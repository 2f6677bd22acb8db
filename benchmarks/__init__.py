"""What a Check costs, measured; see docs/benchmarks.md."""
