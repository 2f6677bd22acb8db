# mypyc: compiled
"""Whether every service reads the same method from a request."""

import re
from typing import Final

from adapter.policy.request.attributes import (
    METHOD_OVERRIDES,
    OVERRIDE_LENGTHS,
    RequestAttributes,
)
from adapter.policy.request.header_spelling import dashed
from adapter.policy.verdicts import Deny, DenyReason

MAX_CHARS: Final = 32
_CANONICAL: Final = re.compile(rf"[!#$%&'*+.^_`|~0-9A-Z-]{{1,{MAX_CHARS}}}")
"""Methods are case-sensitive, and all registered ones are in capitals (RFC 9110, 9.1; 16.1)."""
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
    if any(override not in ("", method) for override in _overrides(request)):
        return AMBIGUOUS_METHOD
    return None


def is_echoed(request: RequestAttributes) -> bool:
    """Whether the response may repeat the request, by its method or a header that overrides it.

    Some services ignore the case.
    """
    if len(request.method) == 5 and request.method.upper() in _ECHOED:
        return True
    for override in _overrides(request):
        # Envoy joins repeated headers by commas, and some services take any of them.
        named = override.upper()
        if any(method in named for method in _ECHOED):
            return True
    return False


def _overrides(request: RequestAttributes) -> list[str]:
    """The values of the headers that may override the method; most requests have none."""
    found: list[str] = []
    # Every Check that gets headers from a policy comes here, so the common case must be cheap.
    if not request.may_override_method:
        return found
    for name in METHOD_OVERRIDES:
        value = request.header(name)
        if value is not None:
            found.append(value)
    odd_names = request.odd_names(OVERRIDE_LENGTHS)
    if odd_names:
        spellings = [name for name in odd_names if dashed(name) in METHOD_OVERRIDES]
        found.extend([request.header(name) or "" for name in spellings])
    return found
