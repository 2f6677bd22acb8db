"""Use cases of environment files: export an environment, compare a file with it, apply a file."""
