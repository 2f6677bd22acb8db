# mypyc: compiled
"""Whether everyone who reads a request would understand the same method by it."""

import re
from typing import Final

from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.request.header_spelling import dashed
from adapter.policy.verdicts import Deny, DenyReason

MAX_CHARS: Final = 32
_CANONICAL: Final = re.compile(rf"[!#$%&'*+.^_`|~0-9A-Z-]{{1,{MAX_CHARS}}}")
"""Methods are case-sensitive, and all registered ones are in capitals (RFC 9110, 9.1; 16.1)."""
_OVERRIDES: Final = ("x-http-method-override", "x-http-method", "x-method-override")
"""Headers in which some servers look for the method before they look at the method itself."""
_ECHOED: Final = ("TRACE", "TRACK")
"""Methods whose answer repeats the request, headers included (RFC 9110, 9.3.8)."""

AMBIGUOUS_METHOD: Final = Deny(
    DenyReason.AMBIGUOUS_METHOD,
    400,
    "The method is ambiguous",
    detail="not in capitals, or another one in x-http-method-override or a header like it "
    "(docs/policies/paths.md)",
)
"""Where a rule depends on the method, and the method has more than one reading."""
ECHO_REFUSED: Final = Deny(
    DenyReason.METHOD_REFUSED,
    403,
    "TRACE is refused",
    detail="the answer could show the client what a policy adds for the upstream",
)


def obstacle_in_method(request: RequestAttributes) -> Deny | None:
    """Why no rule can go by the request's method; None where it has one reading only.

    Over HTTP/2, Envoy forwards `delete` as it is. An upstream that ignores the case would let it
    through a rule on `DELETE`.
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
    """Whether an upstream answers that method with the request that it got, in whatever case."""
    return len(method) == 5 and method.upper() in _ECHOED
