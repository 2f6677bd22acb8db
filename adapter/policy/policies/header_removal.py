"""header-removal: removes headers from the request."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from adapter.policy.bounded_patterns import (
    compile_pattern,
    compile_together,
    most_characters,
)
from adapter.policy.effects.effect import Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.configuration import Configuration, read_configuration
from adapter.policy.policies.shared.header_values import HOP_BY_HOP, is_protected, removable
from adapter.policy.request.header_spelling import dashed
from adapter.policy.rule import Rule, always
from adapter.policy.verdicts import CONTINUE, Continue, Deny, DenyReason

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")

MAX_NAME_CHARS: Final = 256
"""Of a header name that patterns are matched against. A client chooses it."""
NAMES_TOO_LONG: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    431,
    "The header names are too long",
    detail=f"a policy matches patterns against header names, and one has more than "
    f"{MAX_NAME_CHARS} characters, or all together have more than the patterns allow "
    "(docs/policies/header-removal.md)",
)
NOTHING_REMOVED: Final = "inboundHeaders is empty, so the policy removes nothing"


def _valid(text: str) -> str:
    if _PLAIN_NAME.fullmatch(text) is None:
        try:
            compile_pattern(text, ignore_case=True)
        except ValueError as e:
            raise ValueError(f"is neither a header name nor a valid pattern: it {e}") from None
        return text
    return removable(text)


def _no_responses(names: tuple[str, ...]) -> tuple[str, ...]:
    if names:
        raise ValueError(
            "cannot be enforced: Envoy's external authorization cannot remove headers from a "
            "response; leave outboundHeaders empty, and use response_headers_to_remove in Envoy's "
            "route"
        )
    return names


HeaderPattern = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_valid)]


class HeaderRemoval(Configuration):
    """Removes headers from requests."""

    inbound_headers: Annotated[
        tuple[HeaderPattern, ...], Field(max_length=100, examples=[["x-internal", "x-debug-.*"]])
    ] = ()
    """Headers that the service must not get: names, or regular expressions (RE2) that match a whole
    name in any case."""
    outbound_headers: Annotated[tuple[str, ...], AfterValidator(_no_responses)] = ()
    """Headers that the client must not get. This cannot be enforced with Envoy: leave it empty."""


def compile_header_removal(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(HeaderRemoval, given)
    plain = [n.lower() for n in configuration.inbound_headers if _PLAIN_NAME.fullmatch(n)]
    names = tuple(name for name in dict.fromkeys(plain) if not is_protected(name))
    patterns = [n for n in configuration.inbound_headers if not _PLAIN_NAME.fullmatch(n)]
    warnings = tuple(
        f"{name} cannot be removed, so it stays" for name in plain if is_protected(name)
    )
    if patterns:
        return Rule(_by_pattern(names, patterns), warnings=warnings)
    if not plain:
        warnings = (NOTHING_REMOVED,)
    verdict = Continue(remove_headers=names) if names else CONTINUE
    return replace(always(verdict), warnings=warnings)


def _by_pattern(names: tuple[str, ...], texts: Sequence[str]) -> Callable[[Evaluation], Verdict]:
    patterns = compile_together(texts, ignore_case=True)
    most = most_characters(texts, patterns)
    spellings = _spellings if any(map(_may_mean_underscores, texts)) else _dashed_too

    def evaluate(evaluation: Evaluation) -> Verdict:
        names_sent = evaluation.header_names()
        sizes = [len(name) for name in names_sent]
        if sum(sizes) > most or max(sizes, default=0) > MAX_NAME_CHARS:
            return NAMES_TOO_LONG
        found = [
            name
            for name in names_sent
            if not is_protected(name)
            and name not in HOP_BY_HOP
            and any(p.fullmatch(spelling) for spelling in spellings(name) for p in patterns)
        ]
        return Continue(remove_headers=(*names, *found))

    return evaluate


def _may_mean_underscores(pattern: str) -> bool:
    return "_" in pattern or "\\" in pattern


def _dashed_too(name: str) -> set[bytes]:
    """The name, and its spelling with hyphens, which an upstream may read as the same header.

    As bytes, because RE2's Python library would also count the characters of a str.
    """
    return {name.encode(), dashed(name).encode()}


def _spellings(name: str) -> set[bytes]:
    """The same, and also the spelling with underscores."""
    with_hyphens = dashed(name)
    with_underscores = with_hyphens.replace("-", "_")
    return {name.encode(), with_hyphens.encode(), with_underscores.encode()}
