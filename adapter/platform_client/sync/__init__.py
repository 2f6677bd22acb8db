"""Keeps the snapshot up to date with the platform. Start with `platform_sync`."""
