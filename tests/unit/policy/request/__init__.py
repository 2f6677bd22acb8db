"""Request attributes, and the checks that they have one reading only."""
