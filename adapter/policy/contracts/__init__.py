"""Contracts of client applications, and how a Check finds and proves them."""
