"""Envoy's messages, generated from `protos/` by `make protos`; never edited."""
