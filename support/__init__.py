"""Shared by demo, tests and benchmarks: admin client, child processes, a service behind Envoy."""
