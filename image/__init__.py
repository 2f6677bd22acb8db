"""What the container image is made of: lock files, and its software bill of materials."""
