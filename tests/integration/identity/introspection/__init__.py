"""Introspection of tokens over real sockets."""
