"""Use cases of API management, without HTTP and without JSON."""
