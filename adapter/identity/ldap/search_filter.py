"""Search filters (RFC 4515) with a place for the user's name."""

from dataclasses import replace
from typing import Any, Final

from sansldap import (
    FilterAnd,
    FilterApproxMatch,
    FilterEquality,
    FilterExtensibleMatch,
    FilterGreaterOrEqual,
    FilterLessOrEqual,
    FilterNot,
    FilterOr,
    FilterSubstrings,
    LDAPFilter,
)

from adapter.errors import PolicyError

PLACE: Final = b"{0}"
_MOST_CHARS: Final = 2_000
_MOST_PARTS: Final = 64


class SearchFilter:
    """An admin's filter, parsed once.

    A user's name is put into the parsed filter, as one value. It never becomes part of the text, so
    it needs no escaping (RFC 4515, 3) and cannot change the filter.

    Example: in `(&(objectClass=person)(uid={0}))`, the name `*)(uid=*` is looked for as it is.
    """

    def __init__(self, text: str) -> None:
        """Raise PolicyError if the text is not a filter, or has no place for a name."""
        if len(text) > _MOST_CHARS or text.count("(") > _MOST_PARTS:
            raise PolicyError(
                f"ldapSearchFilter: at most {_MOST_CHARS:,} characters and {_MOST_PARTS} parts"
            )
        try:
            self._parsed = LDAPFilter.from_string(text)
        except ValueError as e:
            raise PolicyError(f"ldapSearchFilter is not an LDAP filter: {e}") from None
        attributes = _attributes(self._parsed)
        if not attributes:
            raise PolicyError("ldapSearchFilter: no value contains {0}, the user's name")
        self.attribute: Final[str] = attributes[0]
        """The first attribute whose value is compared with the name. Empty if a rule (RFC 4511,
        4.5.1.7.7) compares all attributes."""

    def for_user(self, name: str) -> LDAPFilter:
        """The filter that finds this user; the name is not empty."""
        filled_in: LDAPFilter = _filled_in(self._parsed, name.encode())
        return filled_in


def _filled_in(part: Any, name: bytes) -> Any:
    """The same filter with the name in each of its places."""
    match part:
        case FilterAnd() | FilterOr():
            return replace(part, filters=[_filled_in(inner, name) for inner in part.filters])
        case FilterNot():
            return replace(part, filter=_filled_in(part.filter, name))
        case FilterSubstrings():
            return replace(
                part,
                initial=None if part.initial is None else part.initial.replace(PLACE, name),
                any=[value.replace(PLACE, name) for value in part.any],
                final=None if part.final is None else part.final.replace(PLACE, name),
            )
        case (
            FilterApproxMatch()
            | FilterEquality()
            | FilterExtensibleMatch()
            | FilterGreaterOrEqual()
            | FilterLessOrEqual()
        ):
            return replace(part, value=part.value.replace(PLACE, name))
    return part


def _attributes(part: Any) -> list[str]:
    """The attributes whose values have a place for the name, in the filter's order."""
    match part:
        case FilterAnd() | FilterOr():
            return [found for inner in part.filters for found in _attributes(inner)]
        case FilterNot():
            return _attributes(part.filter)
        case FilterSubstrings():
            values = [part.initial or b"", *part.any, part.final or b""]
            return [part.attribute] if any(PLACE in value for value in values) else []
    return [part.attribute or ""] if PLACE in getattr(part, "value", b"") else []
