"""Reads `traceparent` (W3C Trace Context, 3.2)."""

import re
from typing import Final, NamedTuple

_FORM: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_LONGEST_STATE: Final = 512


class Parent(NamedTuple):
    """The span that another one is part of."""

    trace_id: bytes
    span_id: bytes
    state: str = ""
    """The value of `tracestate`, which other programs have a use for."""


def read_parent(traceparent: str, tracestate: str) -> Parent | None:
    """The parent; None if it is malformed."""
    found = _FORM.fullmatch(traceparent)
    if found is None:
        return None
    trace_id, span_id = bytes.fromhex(found[1]), bytes.fromhex(found[2])
    if not any(trace_id) or not any(span_id):
        return None
    return Parent(trace_id, span_id, tracestate if len(tracestate) <= _LONGEST_STATE else "")
