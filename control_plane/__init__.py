"""Our own API management platform: the protocol that the adapter polls, on FastAPI and SQLite.

It knows nothing of the adapter, and the adapter nothing of it: they meet over HTTP only.
"""
