"""Edge to a Kubernetes API server: fixed paths over HTTP, without discovery.

`api_server.py` is where it is and how to log in, `client.py` its operations, `watched.py` keeps
objects up to date, and `lease.py` lets one controller of several work.
"""
