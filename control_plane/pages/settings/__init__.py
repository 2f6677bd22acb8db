"""Settings: one's own account, sessions and tokens, and the users of the organization."""
