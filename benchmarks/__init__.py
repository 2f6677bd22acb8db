"""Measures the cost of a Check; see docs/benchmarks.md."""
