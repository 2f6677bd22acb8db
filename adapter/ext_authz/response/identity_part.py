# mypyc: compiled
"""The part of an ALLOW that says who calls: headers for the upstream, and Envoy's metadata.

This module encodes it itself, because the protobuf library would take longer than the decision. The
encoded parts are not cached per contract: with a million contracts they would need more memory than
the contracts themselves.

The message consists only of nested fields with a length (protobuf.dev, encoding). The tests compare
it with the protobuf library's.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from adapter.authorization.decision_record import CALLER, SEPARATOR, escaped
from adapter.ext_authz.response.headers import clean_value, encodable
from adapter.policy.verdicts import Identity

LONGEST_METADATA: Final = 1000
"""The most characters of one value in Envoy's dynamic metadata, and so in each access log entry."""

_OK_RESPONSE: Final = b"\x1a"
_OK_HEADER: Final = b"\x12"
_REMOVED_HEADER: Final = b"\x2a"
_DYNAMIC_METADATA: Final = b"\x22"
_STRING: Final = b"\x1a"
"""`string_value` of a `Value`."""
_FIRST: Final = b"\x0a"
_SECOND: Final = b"\x12"
"""The tags of fields 1 and 2. They are the same in all these messages."""
_NOT_APPENDED: Final = b"\x12\x00"
"""`HeaderValueOption.append`, set to false."""

_KEPT_FORMS: Final = 4_096

_Form: TypeAlias = tuple[str, ...]
"""The ten pieces of a message around its nine texts: five in headers, then four in the metadata.
Each character stands for one byte (Latin-1)."""


class IdentityPart:
    """Writes identities.

    `header_names` are the names for the five fields of `Identity`, in their order. The first four
    fields are also in the metadata's `caller` (see `authorization.decision_record`). A field
    without a value removes the header from the request, because a client may have sent one.

    Two messages whose texts have the same lengths differ only in these texts. So the bytes around
    the texts are made once for each combination of lengths, as a form, and kept.
    """

    def __init__(self, header_names: Sequence[str]) -> None:
        self._header_names = tuple(header_names)
        self._forms: dict[int, _Form] = {}
        """The key is the lengths of the five texts, packed into ten bits each."""

    def write(self, identity: Identity) -> bytes:
        """Return a serialised CheckResponse that contains only the identity."""
        a, b, c, d, e = identity.held()
        text = f"|{a}|{b}|{c}|{d}|{e}|"
        # Short ASCII texts need no escape and no cleaning, unless one begins or ends with a blank.
        if (
            len(text) < LONGEST_METADATA
            and text.isascii()
            and text.isprintable()
            and "| " not in text
            and " |" not in text
            and "%" not in text
            and text.count(SEPARATOR) == 6
        ):
            sizes = ((((len(a) << 10 | len(b)) << 10) | len(c)) << 10 | len(d)) << 10 | len(e)
            p, q, r, s, t, u, v, w, x, y = self._forms.get(sizes) or self._form_of_plain(sizes)
            # All five texts are in headers, and the first four are also in the metadata.
            filled_in = f"{p}{a}{q}{b}{r}{c}{s}{d}{t}{e}{u}{a}{v}{b}{w}{c}{x}{d}{y}"
            return filled_in.encode("latin-1")
        return self._write_any(identity)

    def _form_of_plain(self, packed: int) -> _Form:
        """Make and keep the form for texts that are the same in headers and metadata."""
        if len(self._forms) >= _KEPT_FORMS:
            self._forms.clear()
        sizes = [packed >> shift & 0x3FF for shift in (40, 30, 20, 10, 0)]
        form = self._forms[packed] = self._form(sizes, sizes)
        return form

    def _write_any(self, identity: Identity) -> bytes:
        """Write texts that have to be cleaned, encoded or cut first. Their form is not kept."""
        headers = [clean_value(value).encode() for value in identity.held()]
        metadata = [
            escaped(encodable(value)[:LONGEST_METADATA]).encode() for value in identity.held()[:4]
        ]
        form = self._form([len(text) for text in headers], [len(text) for text in metadata])
        pieces = [piece.encode("latin-1") for piece in form]
        return pieces[0] + b"".join(map(bytes.__add__, (*headers, *metadata), pieces[1:]))

    def _form(self, header_sizes: Sequence[int], metadata_sizes: Sequence[int]) -> _Form:
        """The message around texts of these lengths."""
        headers = map(_header, self._header_names, header_sizes)
        metadata = _within(_DYNAMIC_METADATA, _caller(metadata_sizes[:4]))
        message = _joined(_within(_OK_RESPONSE, *headers), metadata)
        return tuple([piece.decode("latin-1") for piece in message.pieces])


class _Octets(NamedTuple):
    """Bytes of a message. Between each two pieces there is a place for a text."""

    size: int
    """The length with the texts filled in."""
    pieces: tuple[bytes, ...]


def _text(size: int) -> _Octets:
    """A place for a text of that length."""
    return _Octets(size, (b"", b""))


def _fixed(octets: bytes) -> _Octets:
    return _Octets(len(octets), (octets,))


def _joined(*parts: _Octets) -> _Octets:
    pieces = [b""]
    for part in parts:
        pieces[-1] += part.pieces[0]
        pieces += part.pieces[1:]
    return _Octets(sum(part.size for part in parts), tuple(pieces))


def _within(tag: bytes, *parts: _Octets) -> _Octets:
    """A field with a length."""
    content = _joined(*parts)
    return _joined(_fixed(tag + varint(content.size)), content)


def _header(name: str, size: int) -> _Octets:
    """Sets the header to a value of that length, or removes the header if the length is 0."""
    key = _fixed(name.encode())
    if not size:
        return _joined(_within(_REMOVED_HEADER, key), _text(0))
    header = _within(_FIRST, _within(_FIRST, key), _within(_SECOND, _text(size)))
    return _within(_OK_HEADER, header, _fixed(_NOT_APPENDED))


def _caller(sizes: Sequence[int]) -> _Octets:
    """The metadata's `caller` field. Without any text there is no such field."""
    parts = [_text(size) for size in sizes]
    if not any(sizes):
        return _joined(*parts)
    for index in range(len(sizes) - 1, 0, -1):
        parts.insert(index, _fixed(SEPARATOR.encode()))
    value = _within(_SECOND, _within(_STRING, *parts))
    return _within(_FIRST, _within(_FIRST, _fixed(CALLER.encode())), value)


def varint(number: int) -> bytes:
    """The number in protobuf's variable length."""
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)
