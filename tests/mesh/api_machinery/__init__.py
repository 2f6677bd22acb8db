"""A real API machinery server: Kubernetes' own program for custom resources, with etcd.

`running.py` starts it. It has no kinds of its own, such as ConfigMap, so `front.py` serves those
as custom resources, too. `core_stub.py` is the main API server that the program asks for rights.
"""
