"""Reports from adapters: what is kept, and what it says about what admins saved."""
