"""Charts and manifests for Kubernetes, and the code that writes the derived parts of them."""
