"""A gRPC server of our own on asyncio: HTTP/2 for exactly the calls that Envoy makes."""
