# mypyc: compiled
"""The part of an ALLOW that says who calls, written by hand.

There is one for each contract, and there may be a million contracts, so that keeping them all would
cost more memory than the contracts themselves; and putting one together with the protobuf library
costs more than the decision. What is written here is: length-delimited fields within each other,
nothing else (protobuf.dev, encoding). The tests hold it against the library.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from adapter.authorization.decision_record import CALLER, SEPARATOR, escaped
from adapter.ext_authz.response.headers import clean_value, encodable
from adapter.policy.verdicts import Identity

LONGEST_METADATA: Final = 1000
"""Characters of a part in Envoy's dynamic metadata, and so in every access log entry."""

_OK_RESPONSE: Final = b"\x1a"
_OK_HEADER: Final = b"\x12"
_REMOVED_HEADER: Final = b"\x2a"
_DYNAMIC_METADATA: Final = b"\x22"
_STRING: Final = b"\x1a"
"""`string_value` of a `Value`."""
_FIRST: Final = b"\x0a"
_SECOND: Final = b"\x12"
"""The tags of fields 1 and 2 in any of these messages."""
_NOT_APPENDED: Final = b"\x12\x00"
"""`HeaderValueOption.append`, present and false."""

_KEPT_FORMS: Final = 4_096

_Form: TypeAlias = tuple[str, ...]
"""The pieces around nine texts; Latin-1 maps each octet to one character and back."""


class IdentityPart:
    """Writes identities.

    `header_names` are for the fields of `Identity`; all but the last, the principal, are parts of
    the metadata's `caller`, too (see `authorization.record`). A field without a value takes the
    header off the request, since a client may have sent one.

    All identities whose texts have the same sizes differ in these texts only: what stands around
    them is made once, as a form to fill in.
    """

    def __init__(self, header_names: Sequence[str]) -> None:
        self._header_names = tuple(header_names)
        self._forms: dict[int, _Form] = {}
        """By the sizes of the five texts, ten bits for each."""

    def write(self, identity: Identity) -> bytes:
        """A serialised CheckResponse with nothing but the identity in it."""
        a, b, c, d, e = identity.held()
        text = f"|{a}|{b}|{c}|{d}|{e}|"
        # Short plain text goes out as it is: nothing to escape, no blank at an end of a piece.
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
            form = self._forms.get(sizes) or self._form_of_plain(sizes)
            return _filled_in(form, a, b, c, d, e, a, b, c, d)
        return self._write_any(identity)

    def _form_of_plain(self, packed: int) -> _Form:
        """The form for such texts."""
        if len(self._forms) >= _KEPT_FORMS:
            self._forms.clear()
        sizes = [packed >> shift & 0x3FF for shift in (40, 30, 20, 10, 0)]
        form = self._forms[packed] = self._form(sizes, sizes)
        return form

    def _write_any(self, identity: Identity) -> bytes:
        """The same for texts that have to be cleaned, encoded or cut first."""
        headers = [clean_value(value).encode() for value in identity.held()]
        metadata = [
            escaped(encodable(value)[:LONGEST_METADATA]).encode() for value in identity.held()[:4]
        ]
        form = self._form([len(text) for text in headers], [len(text) for text in metadata])
        return _filled_in(form, *[text.decode("latin-1") for text in (*headers, *metadata)])

    def _form(self, header_sizes: Sequence[int], metadata_sizes: Sequence[int]) -> _Form:
        """The message around texts of these sizes."""
        headers = map(_header, self._header_names, header_sizes)
        metadata = _within(_DYNAMIC_METADATA, _caller(metadata_sizes[:4]))
        message = _joined(_within(_OK_RESPONSE, *headers), metadata)
        return tuple([piece.decode("latin-1") for piece in message.pieces])


def _filled_in(
    form: _Form, a: str, b: str, c: str, d: str, e: str, f: str, g: str, h: str, i: str
) -> bytes:
    p, q, r, s, t, u, v, w, x, y = form
    return f"{p}{a}{q}{b}{r}{c}{s}{d}{t}{e}{u}{f}{v}{g}{w}{h}{x}{i}{y}".encode("latin-1")


class _Octets(NamedTuple):
    """Octets of a message, with places to fill in between the pieces."""

    size: int
    """When they are filled in."""
    pieces: tuple[bytes, ...]


def _text(size: int) -> _Octets:
    """A place for so many octets."""
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
    """A field whose content is delimited by its length."""
    content = _joined(*parts)
    return _joined(_fixed(tag + _varint(content.size)), content)


def _header(name: str, size: int) -> _Octets:
    """What makes the upstream see that header with a value of that size, or not at all."""
    key = _fixed(name.encode())
    if not size:
        return _joined(_within(_REMOVED_HEADER, key), _text(0))
    header = _within(_FIRST, _within(_FIRST, key), _within(_SECOND, _text(size)))
    return _within(_OK_HEADER, header, _fixed(_NOT_APPENDED))


def _caller(sizes: Sequence[int]) -> _Octets:
    """The field of the metadata; none where it would say nothing."""
    parts = [_text(size) for size in sizes]
    if not any(sizes):
        return _joined(*parts)
    for index in range(len(sizes) - 1, 0, -1):
        parts.insert(index, _fixed(SEPARATOR.encode()))
    value = _within(_SECOND, _within(_STRING, *parts))
    return _within(_FIRST, _within(_FIRST, _fixed(CALLER.encode())), value)


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)
