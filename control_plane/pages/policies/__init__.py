"""Policies of an API instance: their chain, and the form that is made from a JSON Schema."""
