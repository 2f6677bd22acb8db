"""The use case: decides on requests with the current snapshot, and has effects settled.

`authorizer.py` is the flow of a Check: it finds the API (`policy/bindings.py`), asks the gatekeeper
whether the snapshot may be used, has the policies decide (`policy/decide.py`) and settles their
effects through ports (`effect_ports.py`, `ports.py`). The edges implement the ports: `quota/` has
the quota stores, `operations/` the message log.

`decision_record.py` is what a decision leaves in Envoy's dynamic metadata, `decision_counts.py` and
`discovered_services.py` are what operators can see of all decisions.
"""
