"""Imports from other platforms. The documents are made, in the documented shapes."""
