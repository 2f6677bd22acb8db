"""The fleet: what adapters report, whether they run what admins saved, and what they discovered."""
