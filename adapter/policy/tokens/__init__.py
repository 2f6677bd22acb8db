"""Signed tokens (JWT): keys, signatures and claims, as pure functions.

Nothing here fetches a key or reads a clock. The caller says which keys and which algorithms count;
the token only says which of them it used.
"""
