"""The client for the platform against real servers."""
