"""SLA tiers of an API instance: the list, and the form for one."""
