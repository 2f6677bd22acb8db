"""The platform's documents and operations."""
