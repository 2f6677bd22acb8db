"""The encrypted copy on disk, from which a restarted adapter serves."""
