"""Holds what is rendered for meshes against programs of the meshes themselves: `make mesh`.

Validators read the objects. The control planes of Envoy Gateway and Istio run with them, with real
Envoys and adapters, and answer requests (`running/`). The first run builds the programs, which
takes about ten minutes on two cores. So this is no part of `make test`, which checks the same
objects against the schemas alone, and runs them on imitations.
"""
