"""The composition root: the only package that names concrete classes."""

from adapter.app.adapter import Adapter, Endpoints, serve

__all__ = ["Adapter", "Endpoints", "serve"]
