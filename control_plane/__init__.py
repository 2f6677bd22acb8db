"""Our own API management platform: the protocol that the adapter polls, on FastAPI and SQLite.

It does not import the adapter, and the adapter does not import it: they only speak HTTP.
"""
