"""How gRPC calls reach the services: a description of methods, and servers that carry them."""
