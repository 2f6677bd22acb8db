"""The controller of ApiBindings: `policy-adapter controller`.

It reads ApiBindings and what they bind from a Kubernetes cluster, finds or creates their API
instances on the platform, applies the objects that make the mesh's Envoys ask the adapter, and
reports to each ApiBinding how this went. docs/mesh/controller.md explains it to operators.

`core/` decides and is pure; `kubernetes/` and `api_instances.py` talk to the API server and to the
platform; `reconciler.py` joins them.
"""
