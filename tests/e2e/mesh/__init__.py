"""What is rendered for meshes and gateways, on real Envoys that are configured by imitations."""
