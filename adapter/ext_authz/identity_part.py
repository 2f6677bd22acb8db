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

_OPTION: Final = b"\x12%b\x0a%b%b\x12%b%b\x12\x00"
"""`OkHttpResponse.headers`: sizes of option and header, key field, size and text of the value,
and `append`, present and false."""
_ENTRY: Final = b"\x0a%b%b\x12%b\x1a%b%b"
"""`Struct.fields`: size of the entry, key field, size of the value, size and text of its string."""


class _Field(NamedTuple):
    header_key: bytes
    removal: bytes
    """Takes the header off the request where we have no value: a client may have sent one."""
    metadata_key: bytes
    """Empty: not in the metadata."""


class IdentityPart:
    """Writes identities; `header_names` are for the fields of `Identity`, in their order."""

    def __init__(self, header_names: Sequence[str], metadata_keys: Sequence[str]) -> None:
        self._fields = tuple(
            _Field(
                _delimited(_FIRST, name.encode()),
                _delimited(_REMOVED_HEADER, name.encode()),
                _delimited(_FIRST, key.encode()) if key else b"",
            )
            for name, key in zip(header_names, metadata_keys, strict=True)
        )

    def write(self, identity: Identity) -> bytes:
        """A serialised CheckResponse with nothing but the identity in it."""
        ok = metadata = b""
        for value, (header_key, removal, metadata_key) in zip(identity, self._fields, strict=True):
            if not value:
                ok += removal
                continue
            ok += _option(header_key, clean_value(value).encode())
            if metadata_key:
                text = value if value.isascii() else encodable(value)
                metadata += _entry(metadata_key, text[:LONGEST_METADATA].encode())
        return _delimited(_OK_RESPONSE, ok) + _delimited(_DYNAMIC_METADATA, metadata)


def _option(key: bytes, text: bytes) -> bytes:
    text_size = _size(len(text))
    header = len(key) + 1 + len(text_size) + len(text)
    header_size = _size(header)
    return _OPTION % (
        _size(1 + len(header_size) + header + 2),
        header_size,
        key,
        text_size,
        text,
    )


def _entry(key: bytes, text: bytes) -> bytes:
    text_size = _size(len(text))
    value = 1 + len(text_size) + len(text)
    value_size = _size(value)
    return _ENTRY % (
        _size(len(key) + 1 + len(value_size) + value),
        key,
        value_size,
        text_size,
        text,
    )


def _delimited(tag: bytes, payload: bytes) -> bytes:
    return tag + _size(len(payload)) + payload


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


_SMALL_SIZES: Final = tuple(map(_varint, range(1024)))


def _size(length: int) -> bytes:
    return _SMALL_SIZES[length] if length < len(_SMALL_SIZES) else _varint(length)
