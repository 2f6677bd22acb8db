"""The shapes of JSON answers, as the OpenAPI document shows them. Tests hold answers against them.

They describe what other modules make. Members have the names of the protocol.
"""
