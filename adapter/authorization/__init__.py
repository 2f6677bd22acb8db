"""The use case: decide on a request by the current snapshot, settling effects through ports."""
