"""Windows and the store in memory."""
