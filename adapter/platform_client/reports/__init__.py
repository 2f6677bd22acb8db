"""Reports about this adapter to our control plane."""
