"""Tests of the charts and manifests for Kubernetes."""
