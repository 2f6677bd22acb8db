"""Calls to addresses that API admins choose, made from the operator's network.

An admin writes a URL into a policy on the platform. The call leaves from inside the operator's
network, so without care an admin could reach what only that network should reach. This is known as
server-side request forgery. Every call therefore goes through `ProviderClient`.
"""
