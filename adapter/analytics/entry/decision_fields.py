# mypyc: compiled
"""Finds the decision's record in an entry's filter metadata.

The answer to a Check puts the record into Envoy's dynamic metadata, and Envoy copies it into the
entry. There the record is a `Struct` under the name of the ext_authz filter. The fields stay in
their encoded form, because equal records repeat and are looked up by these bytes.
"""

from typing import Final

from mypy_extensions import i64

from adapter.messages.wire import field, pair

FILTERS: Final = (b"envoy.filters.http.ext_authz", b"envoy.filters.network.ext_authz")
"""The filters whose metadata may contain the record."""
_DECISION_ID: Final = b"\n\x0bdecision_id"
UNIQUE_FIELDS: Final = (b"\n\x12ext_authz_duration", _DECISION_ID)
"""How the fields begin that differ for every request: one that Envoy adds to our metadata, and the
id of a decision. They are no part of the record, because equal records are looked up."""

_FILTER_METADATA: Final = 0x0A
_FIELDS: Final = 0x0A
_STRING_VALUE: Final = 0x1A


def record_of(fields: list[bytes]) -> bytes:
    """Join the fields of a record, in sorted order.

    Envoy writes them in any order. Sorted, equal records are equal bytes.
    """
    if len(fields) > 1:
        fields.sort()
    return b"".join(fields)


def find_record(octets: bytes, at: i64, end: i64) -> bytes | None:
    """The record in a Metadata message, empty if there is none; None if this is not plain."""
    record: bytes | None = None
    while at < end:
        tag, start, at = field(octets, at, end)
        if not at:
            return None
        if tag != _FILTER_METADATA:
            continue
        key, key_stop, value, value_stop = pair(octets, start, at)
        if key < 0:
            return None
        if record is None and octets[key:key_stop] in FILTERS:
            record = _record_in(octets, value, value_stop)
            if record is None:
                return None
    return b"" if record is None else record


def find_decision_id(octets: bytes, at: i64, end: i64) -> bytes:
    """The decision's id in a Metadata message that `find_record` could read; may be empty."""
    while at < end:
        tag, start, at = field(octets, at, end)
        if not at:
            return b""
        if tag == _FILTER_METADATA:
            key, key_stop, value, value_stop = pair(octets, start, at)
            if octets[key:key_stop] in FILTERS:
                return decision_id_in(octets, value, value_stop)
    return b""


def decision_id_in(octets: bytes, at: i64, end: i64) -> bytes:
    """The decision's id in a Struct; empty if it has none, or if it is not plain."""
    while at < end:
        _, start, at = field(octets, at, end)
        if not at:
            return b""
        if octets[start:at].startswith(_DECISION_ID):
            _, _, value, value_stop = pair(octets, start, at)
            if value == value_stop:
                return b""
            tag, text, stop = field(octets, value, value_stop)
            return octets[text:stop] if tag == _STRING_VALUE else b""
    return b""


def _record_in(octets: bytes, at: i64, end: i64) -> bytes | None:
    """The record in a Struct; None if this is not plain."""
    fields = []
    while at < end:
        tag, start, at = field(octets, at, end)
        if not at:
            return None
        if tag == _FIELDS:
            one = octets[start:at]
            if not one.startswith(UNIQUE_FIELDS):
                fields.append(one)
    return record_of(fields)
