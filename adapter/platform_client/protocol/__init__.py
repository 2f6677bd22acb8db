"""The platform's operations and documents."""
