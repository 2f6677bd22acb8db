"""The policy types that can be enforced: one file each, registered in `adapter.policy.compile`."""
