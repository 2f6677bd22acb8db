# mypyc: compiled
"""The part of an ALLOW with the changes that policies make to the request's headers."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from mypy_extensions import i64

from adapter.ext_authz.response.headers import clean_value, is_removable_name, usable
from adapter.messages.check_pb2 import CheckResponse, OkHttpResponse
from adapter.policy.policies.shared.header_values import is_protected
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.request.header_spelling import dashed, is_odd, length_bits
from adapter.policy.verdicts import Edit, Header

_KEPT: Final = 4_096
"""How many parts of each kind are kept. Each has a few kB at most."""
_LONGEST_KEPT: Final = 2_048
"""The most characters, in names and values together, of a part that is kept. Clients may choose the
values, and also the names if a policy removes headers by a pattern."""

_LONGEST_NAMES_KEPT: Final = 512
"""The most characters of the names that a kept list of other spellings was made for."""


class EditPart:
    """Writes edits. `own` are the adapter's own headers, with hyphens: no policy may set them.

    Headers that begin with `prefix` are never a client's to set. Each ALLOW sets or removes those
    in `written` already.
    """

    def __init__(self, own: frozenset[str], prefix: str, written: Iterable[str]) -> None:
        self._own = own
        self._prefix = prefix
        self._prefix_octets = prefix.encode()
        self._written = frozenset(written)
        self._kept = lru_cache(maxsize=_KEPT)(self._build)
        self._own_lengths: Final[i64] = length_bits(own)
        self._kept_removals = lru_cache(maxsize=_KEPT)(self._removals)

    def write(self, edits: tuple[Edit, ...], appended: tuple[Header, ...]) -> bytes:
        """Return a serialised CheckResponse that contains only the edits."""
        write = self._kept if _may_be_kept((*edits, *appended)) else self._build
        return write(edits, appended)

    def without_other_spellings(
        self, request: RequestAttributes, edits: tuple[Edit, ...], appended: tuple[Header, ...]
    ) -> bytes:
        """Remove headers that servers could take for one of ours, or for an edited one."""
        edited = [name for name, _ in edits]
        for name, _ in appended:
            edited.append(name)
        # All spellings of a name have the same length.
        lengths = self._own_lengths | length_bits(edited)
        odd_names = request.odd_names(lengths, self._prefix_octets)
        # Where Envoy tells the client's address in a header of ours, there is always one.
        if not odd_names or (len(odd_names) == 1 and odd_names[0] in self._written):
            return b""
        characters = 0
        for name in (*odd_names, *edited):
            characters += len(name)
        # Most clients send the same odd names each time.
        removals = self._kept_removals if characters <= _LONGEST_NAMES_KEPT else self._removals
        return removals(tuple(odd_names), tuple(edited))

    def _removals(self, odd_names: tuple[str, ...], edited: tuple[str, ...]) -> bytes:
        """A serialised CheckResponse that removes those of the names that mean our headers."""
        meant = self._own.union(map(dashed, edited))
        names = [
            name
            for name in odd_names
            if (dashed(name) in meant or dashed(name).startswith(self._prefix))
            and name not in self._written
            and (name not in edited or dashed(name) in self._own)
        ]
        response = CheckResponse()
        response.ok_response.headers_to_remove.extend(names)
        return response.SerializeToString() if names else b""

    def _build(self, edits: tuple[Edit, ...], appended: tuple[Header, ...]) -> bytes:
        """Write a part. It is kept, because most policies make the same edits each time.

        Envoy removes headers after it sets them. So a header that a policy sets last must not be in
        the list of headers to remove. Envoy appends a value after the client's first value, and
        only if the client sent the header.
        """
        response = CheckResponse()
        ok = response.ok_response
        removed = {n.lower() for n, value in edits if value is None and is_removable_name(n)}
        set_headers = usable((n, value) for n, value in edits if value is not None)
        appends = usable(appended)
        for headers, append in ((set_headers, False), (appends, True)):
            for name, value in headers.items():
                if dashed(name) not in self._own and name not in removed:
                    set_header(ok, name, value, append=append)
        removed |= self._with_hyphens(removed | {*set_headers, *appends}) - {*set_headers, *appends}
        ok.headers_to_remove.extend(sorted(removed))
        return response.SerializeToString()

    def _with_hyphens(self, names: Iterable[str]) -> set[str]:
        """The spelling with hyphens of odd names. `odd_names` of a request does not contain it."""
        spellings = {dashed(name) for name in names if is_odd(name)} - self._own
        return {name for name in spellings if not is_protected(name)}


def _may_be_kept(edits: tuple[Edit, ...]) -> bool:
    """Whether the part of these edits may be kept: not if clients could fill the memory."""
    characters = 0
    for name, value in edits:
        characters += len(name) + (0 if value is None else len(value))
    return characters <= _LONGEST_KEPT


def set_header(ok: OkHttpResponse, name: str, value: str, *, append: bool = False) -> None:
    """Set a request header, whatever the client sent; or append to the client's value.

    `append: false` is written explicitly, because versions of Envoy differ if it is not set.
    """
    option = ok.headers.add()
    option.header.key = name
    option.header.value = clean_value(value)
    option.append.value = append
