"""`make fuzz`: compares what must agree on many mutated messages. `make test` has a short form."""
