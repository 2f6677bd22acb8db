"""Whether everyone who reads a path would understand the same by it."""

import re2

_AMBIGUOUS = re2.compile(
    r"(?i)//"  # merged by some, not by others
    r"|/\.{1,2}(?:/|$)"  # dot segments, RFC 3986, 5.2.4
    r"|[\\;#]"  # a slash to some; parameters hide segments from others; a fragment ends the path
    r"|[^\x21-\x7e]"  # not in any URI; Envoy shows us other bytes than it forwards
    r"|%(?:[^0-9a-f]|.[^0-9a-f]|.?$)"  # not an octet at all
    r"|%(?:2f|5c|00)"  # an encoded separator or end of string
    r"|%(?:2d|2e|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])"  # unreserved, RFC 3986, 2.3
)


def is_canonical(path: str) -> bool:
    """Whether a path (without query) has one reading only, so that a rule on it means something.

    Envoy forwards the path that it sent us; an upstream that normalizes it differently would let
    `/public/..%2fadmin` through a rule on `/admin`. What is not canonical is refused wherever a
    policy looks at the path.
    """
    return path.startswith("/") and _AMBIGUOUS.search(path) is None
