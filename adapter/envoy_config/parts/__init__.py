"""The parts of an Envoy configuration, as data. Every renderer uses the same parts."""
