# mypyc: compiled
"""Finds one query parameter without parsing the whole query."""

import re
from collections.abc import Callable
from typing import Final, TypeAlias
from urllib.parse import unquote_plus

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.effort import spend

QueryReader: TypeAlias = Callable[[Evaluation], str | None]

_FREE_CHARS: Final = 256
_PARAMETER_STEPS: Final = 32
"""Steps per parameter that the search passes."""

_OCTET_STEPS: Final = 256
"""Steps per percent-encoded byte of the value."""


def query_of(evaluation: Evaluation) -> str:
    """The request's query, as Envoy forwards it."""
    return evaluation.request.path.partition("?")[2]


def query_parameter_reader(name: str) -> QueryReader:
    """Reads the first parameter with this name, decoded as in forms (WHATWG URL, 5.1).

    Clients choose the length of the query, so the search counts as effort.
    """
    search = re.compile(f"&{''.join(map(_spellings, name))}(?:=([^&]*))?(?=&|\\Z)").search

    def read(evaluation: Evaluation) -> str | None:
        query = query_of(evaluation)
        if len(query) > _FREE_CHARS:
            spend(evaluation, len(query) + _PARAMETER_STEPS * query.count("&"))
        found = search("&" + query)
        if found is None:
            return None
        value = found.group(1) or ""
        octets = value.count("%")
        if octets:
            spend(evaluation, octets * _OCTET_STEPS)
            return unquote_plus(value)
        return value.replace("+", " ")

    return read


def _spellings(character: str) -> str:
    """A pattern for all encodings of a character in a name."""
    octets = [f"%{octet:02X}" for octet in character.encode("utf-8", "surrogatepass")]
    encoded = re.sub("[A-F]", lambda digit: f"[{digit[0]}{digit[0].lower()}]", "".join(octets))
    plain = {
        " ": r"\+| |",
        "&": "",
        "+": "",
        "=": "",
        "%": "%(?![0-9a-fA-F]{2})|",
    }.get(character, re.escape(character) + "|")
    return f"(?:{plain}{encoded})"
