# mypyc: compiled
"""The part of an ALLOW that only requests of the sample have: the decision's id, and the verdicts.

Like `identity_part`, this module encodes it itself, because the protobuf library would take longer
than the decision.
"""

from typing import Final

from adapter.ext_authz.response.headers import encodable
from adapter.ext_authz.response.identity_part import varint

_DYNAMIC_METADATA: Final = b"\x22"
_FIELDS: Final = b"\x0a"
_KEY: Final = b"\x0a"
_VALUE: Final = b"\x12"
_STRING: Final = b"\x1a"


def note_part(decision_id: str, verdicts: str) -> bytes:
    """Return a serialised CheckResponse that contains only these two, in its metadata."""
    return _field("decision_id", decision_id) + (_field("verdicts", verdicts) if verdicts else b"")


def _field(name: str, text: str) -> bytes:
    """A field of the metadata. Fields of messages that follow each other add up."""
    value = _within(_VALUE, _within(_STRING, encodable(text).encode()))
    return _within(_DYNAMIC_METADATA, _within(_FIELDS, _within(_KEY, name.encode()) + value))


def _within(tag: bytes, content: bytes) -> bytes:
    return tag + varint(len(content)) + content
