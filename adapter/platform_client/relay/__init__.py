"""Passes what the syncing worker has loaded on to the other workers, over a Unix socket."""
