"""The pure core: what a request may do, as functions over immutable values.

No I/O, no clock, no randomness, no logging here; import-linter holds it to that.
"""
