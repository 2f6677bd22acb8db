"""The part of an ALLOW that says who calls, written by hand.

There is one for each contract, and there may be a million contracts, so that keeping them all would
cost more memory than the contracts themselves; and putting one together with the protobuf library
costs more than the decision. What is written here is: length-delimited fields within each other,
nothing else (protobuf.dev, encoding). The tests hold it against the library.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from adapter.ext_authz.headers import clean_value, encodable
from adapter.policy.decision import Identity

LONGEST_METADATA: Final = 1000
"""Characters of a value in Envoy's dynamic metadata, and so in every access log entry."""

_OK_RESPONSE: Final = b"\x1a"
_REMOVED_HEADER: Final = b"\x2a"
_DYNAMIC_METADATA: Final = b"\x22"
_FIRST: Final = b"\x0a"
"""The tag of field 1 in any of these messages."""
_NOT_APPENDED: Final = b"\x12\x00"
"""`HeaderValueOption.append`, present and false."""

_SHORT: Final = 128
"""What stands before a text depends on its length alone; up to this one it is made beforehand."""


class _Field(NamedTuple):
    header_key: bytes
    before_header: tuple[bytes, ...]
    """By the length of the value."""
    removal: bytes
    """Takes the header off the request where we have no value: a client may have sent one."""
    metadata_key: bytes
    """Empty: not in the metadata."""
    before_metadata: tuple[bytes, ...]


class IdentityPart:
    """Writes identities; `header_names` are for the fields of `Identity`, in their order."""

    def __init__(self, header_names: Sequence[str], metadata_keys: Sequence[str]) -> None:
        self._fields = tuple(map(_field, header_names, metadata_keys))

    def write(self, identity: Identity) -> bytes:
        """A serialised CheckResponse with nothing but the identity in it."""
        ok = metadata = b""
        for value, field in zip(identity, self._fields, strict=True):
            header_key, before_header, removal, metadata_key, before_metadata = field
            if not value:
                ok += removal
                continue
            clean = clean_value(value)
            text = clean.encode()
            size = len(text)
            before = before_header[size] if size < _SHORT else _before_header(header_key, size)
            ok += before + text + _NOT_APPENDED
            if metadata_key:
                if clean != value or size > LONGEST_METADATA:
                    text = encodable(value)[:LONGEST_METADATA].encode()
                    size = len(text)
                metadata += (
                    before_metadata[size] if size < _SHORT else _before_metadata(metadata_key, size)
                ) + text
        return _delimited(_OK_RESPONSE, ok) + _delimited(_DYNAMIC_METADATA, metadata)


def _field(header_name: str, metadata_key: str) -> _Field:
    header = _delimited(_FIRST, header_name.encode())
    metadata = _delimited(_FIRST, metadata_key.encode()) if metadata_key else b""
    return _Field(
        header,
        tuple(_before_header(header, size) for size in range(_SHORT)),
        _delimited(_REMOVED_HEADER, header_name.encode()),
        metadata,
        tuple(_before_metadata(metadata, size) for size in range(_SHORT)),
    )


def _before_header(key: bytes, size: int) -> bytes:
    """What stands before a value of that size in `OkHttpResponse.headers`."""
    value = b"\x12" + _varint(size)
    header = _FIRST + _varint(len(key) + len(value) + size) + key + value
    return b"\x12" + _varint(len(header) + size + len(_NOT_APPENDED)) + header


def _before_metadata(key: bytes, size: int) -> bytes:
    """What stands before a string of that size in `Struct.fields`."""
    string = b"\x1a" + _varint(size)
    entry = key + b"\x12" + _varint(len(string) + size) + string
    return _FIRST + _varint(len(entry) + size) + entry


def _delimited(tag: bytes, payload: bytes) -> bytes:
    return tag + _varint(len(payload)) + payload


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)
