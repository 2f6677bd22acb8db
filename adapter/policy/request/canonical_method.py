# mypyc: compiled
"""Whether a request has only one method, whoever reads it."""

import re
from typing import Final

from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.request.header_spelling import dashed
from adapter.policy.verdicts import Deny, DenyReason

MAX_CHARS: Final = 32
_CANONICAL: Final = re.compile(rf"[!#$%&'*+.^_`|~0-9A-Z-]{{1,{MAX_CHARS}}}")
"""Methods are case-sensitive, and all registered ones are in capitals (RFC 9110, 9.1; 16.1)."""
_OVERRIDES: Final = ("x-http-method-override", "x-http-method", "x-method-override")
"""Headers from which some servers take the method, instead of the method itself."""
_ECHOED: Final = ("TRACE", "TRACK")
"""Methods whose response repeats the request with its headers (RFC 9110, 9.3.8)."""

AMBIGUOUS_METHOD: Final = Deny(
    DenyReason.AMBIGUOUS_METHOD,
    400,
    "The method is ambiguous",
    detail="not in capitals, or another one in x-http-method-override or a header like it "
    "(docs/policies/paths.md)",
)
"""For requests to a rule that depends on the method, if it can be read in several ways."""
ECHO_REFUSED: Final = Deny(
    DenyReason.METHOD_REFUSED,
    403,
    "TRACE is refused",
    detail="the response could show the client what a policy adds for the upstream",
)


def obstacle_in_method(request: RequestAttributes) -> Deny | None:
    """Why no rule can depend on the request's method; None if the method has one meaning.

    Over HTTP/2, Envoy forwards `delete` unchanged. If the upstream ignores the case, the request
    gets around a rule on `DELETE`.
    """
    method = request.method
    if _CANONICAL.fullmatch(method) is None:
        return AMBIGUOUS_METHOD
    for name in _OVERRIDES:
        if request.header(name) not in (None, "", method):
            return AMBIGUOUS_METHOD
    for name in request.odd_names:
        if dashed(name) in _OVERRIDES and request.header(name) not in (None, "", method):
            return AMBIGUOUS_METHOD
    return None


def is_echoed(method: str) -> bool:
    """Whether the response to that method repeats the request; the case does not matter."""
    return len(method) == 5 and method.upper() in _ECHOED
