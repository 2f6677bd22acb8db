"""The supported policy types, one file each. `adapter.policy.compile` registers them."""
