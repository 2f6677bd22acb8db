"""Holds events until they are uploaded."""
