"""Carries gRPC calls to the services: descriptions of methods, and servers for them."""
