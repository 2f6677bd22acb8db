"""The part of an ALLOW that says who calls, written by hand.

There is one for each contract, and there may be a million contracts, so that keeping them all would
cost more memory than the contracts themselves; and putting one together with the protobuf library
costs more than the decision. What is written here is: length-delimited fields within each other,
nothing else (protobuf.dev, encoding). The tests hold it against the library.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from adapter.ext_authz.headers import clean_value, encodable
from adapter.policy.decision import Identity

LONGEST_METADATA: Final = 1000
"""Characters of a value in Envoy's dynamic metadata, and so in every access log entry."""

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

_Sizes: TypeAlias = tuple[int, ...]


class IdentityPart:
    """Writes identities.

    `header_names` are for the fields of `Identity`; `metadata_keys` for the first ones, the others
    stay out of the metadata. A field without a value takes the header off the request, since a
    client may have sent one.

    All identities whose texts have the same sizes differ in these texts only: what stands around
    them is made once, as a form to fill in.
    """

    def __init__(self, header_names: Sequence[str], metadata_keys: Sequence[str]) -> None:
        self._header_names = tuple(header_names)
        self._metadata_keys = tuple(metadata_keys)
        self._forms: dict[_Sizes, str] = {}

    def write(self, identity: Identity) -> bytes:
        """A serialised CheckResponse with nothing but the identity in it."""
        a, b, c, d, e = identity
        text = f"|{a}|{b}|{c}|{d}|{e}|"
        # Plain text, of which no piece begins or ends with a blank, goes out as it is.
        if text.isascii() and text.isprintable() and "| " not in text and " |" not in text:
            sizes = (len(a), len(b), len(c), len(d), len(e))
            form = self._forms.get(sizes) or self._form_of_plain(sizes)
            if form:
                return (form % (a, b, c, d, e, a, b, c, d)).encode("latin-1")
        return self._write_any(identity)

    def _form_of_plain(self, sizes: _Sizes) -> str:
        """The form for such texts; empty if one is too long for the metadata."""
        if max(sizes) > LONGEST_METADATA:
            return ""
        if len(self._forms) >= _KEPT_FORMS:
            self._forms.clear()
        form = self._forms[sizes] = self._form(sizes, sizes)
        return form

    def _write_any(self, identity: Identity) -> bytes:
        """The same for texts that have to be cleaned, encoded or cut first."""
        headers = [clean_value(value).encode() for value in identity]
        metadata = [
            encodable(value)[:LONGEST_METADATA].encode()
            for value, _ in zip(identity, self._metadata_keys, strict=False)
        ]
        form = self._form([len(text) for text in headers], [len(text) for text in metadata])
        texts = tuple(text.decode("latin-1") for text in (*headers, *metadata))
        return (form % texts).encode("latin-1")

    def _form(self, header_sizes: Sequence[int], metadata_sizes: Sequence[int]) -> str:
        """The message around texts of these sizes, with a `%s` in the place of each.

        Latin-1 maps each octet to one character and back.
        """
        headers = map(_header, self._header_names, header_sizes)
        fields = map(_metadata_field, self._metadata_keys, metadata_sizes)
        message = _joined(
            _within(_OK_RESPONSE, _joined(*headers)), _within(_DYNAMIC_METADATA, _joined(*fields))
        )
        return message.form.decode("latin-1")


class _Octets(NamedTuple):
    """Octets of a message, with places to fill in."""

    size: int
    """When they are filled in."""
    form: bytes


def _text(size: int) -> _Octets:
    """A place for so many octets."""
    return _Octets(size, b"%s")


def _fixed(octets: bytes) -> _Octets:
    return _Octets(len(octets), octets.replace(b"%", b"%%"))


def _joined(*parts: _Octets) -> _Octets:
    return _Octets(sum(part.size for part in parts), b"".join(part.form for part in parts))


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


def _metadata_field(key: str, size: int) -> _Octets:
    if not size:
        return _text(0)
    value = _within(_SECOND, _within(_STRING, _text(size)))
    return _within(_FIRST, _within(_FIRST, _fixed(key.encode())), value)


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)
