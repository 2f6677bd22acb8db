"""Both transports against real clients."""
