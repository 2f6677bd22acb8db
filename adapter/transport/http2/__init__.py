"""Our own gRPC server on asyncio. It supports exactly the calls that Envoy makes."""
