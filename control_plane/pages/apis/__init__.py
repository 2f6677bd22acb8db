"""API instances: their list, and the parts of each one."""
