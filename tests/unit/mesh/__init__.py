"""What is rendered for meshes and gateways."""
