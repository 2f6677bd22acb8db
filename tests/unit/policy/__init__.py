"""The pure core: policies, expressions, bindings, decisions."""
