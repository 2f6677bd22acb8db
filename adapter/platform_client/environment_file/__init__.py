"""Syncs with an environment file instead of a platform. Start with `file_sync`."""
