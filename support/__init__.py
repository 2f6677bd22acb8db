"""Code that demo, tests and benchmarks share: admin client, child processes, upstream service."""
