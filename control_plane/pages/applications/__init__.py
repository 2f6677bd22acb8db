"""Client applications: the list, one application, its secrets, and asking for access to an API."""
