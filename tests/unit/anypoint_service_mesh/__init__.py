"""The import from Anypoint Service Mesh."""
