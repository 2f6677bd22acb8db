"""The pages about adapters, about what they have in force, and about what they discovered."""
