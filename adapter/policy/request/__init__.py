"""The request as policies see it, and whether everybody who reads it understands the same.

`attributes.py` says what Envoy attests of a request. The other files protect rules against clients
that write one thing in several ways: a rule on `/admin` must not miss `/x/..%2fadmin`
(`canonical_path.py`), a rule on `DELETE` must not miss `delete` (`canonical_method.py`), and a
header that is removed as `x-user` must not stay as `x_user` (`header_spelling.py`).
"""
