"""The encrypted copy on disk that a restart serves from."""
