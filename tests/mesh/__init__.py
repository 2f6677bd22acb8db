"""Holds what is rendered for meshes against programs of the meshes themselves: `make mesh`.

The first run builds them, which takes minutes. So this is no part of `make test`, which checks the
same objects against the schemas alone, and runs them on imitations.
"""
