"""cors: controls which web pages of other origins may read an API's responses.

It follows the W3C recommendation "Cross-Origin Resource Sharing" of 2014 (6.1 and 6.2), which the
vendor refers to, and the Fetch standard, which replaced it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, Field

from adapter.policy.effects.effect import Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.configuration import (
    NUMBER,
    Configuration,
    Pattern,
    read_configuration,
    without,
)
from adapter.policy.policies.shared.header_values import NAME_PATTERN
from adapter.policy.rule import Rule
from adapter.policy.verdicts import CONTINUE, Continue, DirectResponse, Header

NO_CONTENT: Final = 204

_TOKEN: Final = re.compile(NAME_PATTERN)
_MAX_ASKED_CHARS: Final = 1_024
"""More than any web page needs. Bounds the list of names that a client sends."""
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_PUBLIC_MAX_AGE_S: Final = 30
_ANY: Final = "*"
"""Stands for all origins, methods or headers."""

_VARY: Final[Header] = ("vary", "Origin")
"""Tells caches that the answer depends on the origin."""


def _origin(text: str) -> str:
    """The origin as browsers write it: lower case, without the default port of its scheme."""
    if text.strip() == _ANY:
        return _ANY
    match = _ORIGIN.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(
            "is not an origin: write * for all, or an origin with its scheme, such as https://shop.example.com"
        )
    scheme, host, port = match.groups()
    return f"{scheme}://{host}{'' if port == _DEFAULT_PORTS[scheme] else port or ''}"


def _each_origin_once(groups: "tuple[OriginGroup, ...]") -> "tuple[OriginGroup, ...]":
    origins = [origin for group in groups for origin in group.origins]
    if len(set(origins)) < len(origins):
        raise ValueError("an origin can be in one group only, and once")
    return groups


Origin = Annotated[str, AfterValidator(_origin)]
MethodName = Annotated[
    str,
    Pattern(NAME_PATTERN, "must be one method, such as GET, or * for all"),
    Field(examples=["GET"]),
]
HeaderName = Annotated[
    str, Pattern(NAME_PATTERN, "must be the name of one header, such as x-request-id, or * for all")
]


class AllowedMethod(Configuration):
    """A method, and whether pages may use it."""

    method_name: MethodName
    """The method, such as `GET`; `*` stands for all."""
    is_allowed: bool = False
    """Whether pages may use the method."""


class OriginGroup(Configuration):
    """Origins whose pages may do the same."""

    origin_group_name: str = ""
    """A name for administrators."""
    origins: Annotated[
        tuple[Origin, ...], Field(max_length=1_000, examples=[["https://shop.example.com"]])
    ] = ()
    """Scheme, host and port of the pages; `*` stands for all."""
    access_control_max_age: Annotated[int, Field(ge=0, le=86_400), NUMBER] = 30
    """Seconds for which a browser may cache the answer to a preflight."""
    allowed_methods: Annotated[
        tuple[AllowedMethod, ...], Field(examples=[[{"methodName": "GET", "isAllowed": True}]])
    ] = ()
    """Methods that pages may use, or may not."""
    headers: Annotated[tuple[HeaderName, ...], Field(examples=[["x-request-id"]])] = ()
    """Request headers that pages may set; `*` stands for all."""
    exposed_headers: tuple[HeaderName, ...] = ()
    """Response headers that pages may read."""


class Cors(Configuration):
    """Controls which web pages of other origins may read responses."""

    only_if = MappingProxyType(
        dict.fromkeys(("originGroups", "supportCredentials"), "publicResource is false")
    )

    public_resource: bool = True
    """Whether pages of all origins may do everything, without credentials. The other settings have
    no effect then."""
    support_credentials: bool = False
    """Whether pages may send cookies and credentials."""
    origin_groups: Annotated[
        tuple[OriginGroup, ...], Field(max_length=100), AfterValidator(_each_origin_once)
    ] = ()
    """What pages of which origins may do. An origin can be in one group only."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`: a public resource has no groups."""
        if given.get("publicResource") in (None, True, "true"):
            return without(given, "originGroups", "supportCredentials")
        return given


class _Grant(NamedTuple):
    """What pages of one origin may do."""

    methods: frozenset[str]
    refused_methods: frozenset[str]
    """Not granted, even if all other methods are."""
    headers: frozenset[str]
    """In lower case."""
    preflight: DirectResponse
    """Complete except for the names that an asterisk grants."""
    actual: Continue

    def answer(self, method: str, headers: str) -> DirectResponse:
        """The answer to a preflight for this method and this list of headers."""
        names = _names(headers)
        if names is None or not (self._allows_method(method) and self._allows_headers(names)):
            return _REFUSED
        asked = []
        if _ANY in self.methods:
            asked.append(("access-control-allow-methods", method))
        if _ANY in self.headers:
            asked += _list("access-control-allow-headers", names)
        return (
            DirectResponse(NO_CONTENT, (*self.preflight.headers, *asked))
            if asked
            else self.preflight
        )

    def _allows_method(self, method: str) -> bool:
        if _ANY in self.methods:
            return _is_method(method) and method not in self.refused_methods
        return method in self.methods

    def _allows_headers(self, names: Iterable[str]) -> bool:
        return _ANY in self.headers or {name.lower() for name in names} <= self.headers


def compile_cors(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(Cors, given)
    if configuration.public_resource:
        return Rule(_by_protocol(_public_preflight, CONTINUE, lambda _: _PUBLIC))
    grants = _grants(configuration)
    anybody = grants.get(_ANY)
    not_granted = Continue(append_response_headers=(_VARY,))

    def preflight(evaluation: Evaluation, origin: str, method: str) -> DirectResponse:
        grant = grants.get(origin, anybody)
        headers = evaluation.header("access-control-request-headers") or ""
        return _REFUSED if grant is None else grant.answer(method, headers)

    def actual(origin: str) -> Continue:
        grant = grants.get(origin, anybody)
        return not_granted if grant is None else grant.actual

    warnings = (
        ()
        if grants
        else ("originGroups has no origin, so no page of another origin may do anything",)
    )
    return Rule(_by_protocol(preflight, not_granted, actual), warnings=warnings)


def _by_protocol(
    preflight: Callable[[Evaluation, str, str], DirectResponse],
    same_origin: Continue,
    actual: Callable[[str], Continue],
) -> Callable[[Evaluation], Verdict]:
    """Distinguishes requests without an origin, preflights, and other cross-origin requests.

    Only an OPTIONS request with both headers is a preflight. Any other goes on to the service.
    """

    def evaluate(evaluation: Evaluation) -> Verdict:
        origin = evaluation.header("origin")
        if origin is None:
            return same_origin
        method = evaluation.header("access-control-request-method")
        if method is not None and evaluation.request.method == "OPTIONS":
            return preflight(evaluation, origin, method)
        return actual(origin)

    return evaluate


_ANY_ORIGIN: Final[Header] = ("access-control-allow-origin", "*")
_PUBLIC: Final = Continue(response_headers=(_ANY_ORIGIN,))
_REFUSED: Final = DirectResponse(NO_CONTENT, (_VARY,))
"""The answer to a preflight that is granted nothing. Browsers notice the missing headers."""


def _public_preflight(evaluation: Evaluation, _: str, method: str) -> DirectResponse:
    """Grant what the preflight asks for, unless it is not a method or a list of names."""
    asked = evaluation.header("access-control-request-headers") or ""
    granted = [_ANY_ORIGIN, ("access-control-max-age", str(_PUBLIC_MAX_AGE_S))]
    if _is_method(method):
        granted.append(("access-control-allow-methods", method))
    granted += _list("access-control-allow-headers", _names(asked) or ())
    return DirectResponse(NO_CONTENT, tuple(granted))


def _is_method(asked: str) -> bool:
    """Whether it can be a method, and is not too long."""
    return len(asked) <= _MAX_ASKED_CHARS and _TOKEN.fullmatch(asked) is not None


def _names(asked: str) -> list[str] | None:
    """The names of headers in a preflight; None if it is no list of names, or is too long.

    Empty members are ignored (RFC 9110, 5.6.1.2).
    """
    if len(asked) > _MAX_ASKED_CHARS:
        return None
    names = [name for member in asked.split(",") if (name := member.strip(" \t"))]
    return names if all(_TOKEN.fullmatch(name) for name in names) else None


def _grants(configuration: Cors) -> Mapping[str, _Grant]:
    """What each origin may do. `*` never gets credentials (docs/policies/cors.md)."""
    credentials = configuration.support_credentials
    return {
        origin: _grant(group, origin, credentials=credentials and origin != _ANY)
        for group in configuration.origin_groups
        for origin in group.origins
    }


def _grant(group: OriginGroup, origin: str, *, credentials: bool) -> _Grant:
    methods = [m.method_name.upper() for m in group.allowed_methods if m.is_allowed]
    refused = [m.method_name.upper() for m in group.allowed_methods if not m.is_allowed]
    both: list[Header] = [("access-control-allow-origin", origin)]
    if credentials:
        both.append(("access-control-allow-credentials", "true"))
    preflight = [
        *both,
        *_list("access-control-allow-methods", [] if _ANY in methods else methods),
        *_list("access-control-allow-headers", [] if _ANY in group.headers else group.headers),
        ("access-control-max-age", str(group.access_control_max_age)),
        _VARY,
    ]
    exposed = _list("access-control-expose-headers", group.exposed_headers)
    return _Grant(
        frozenset(methods),
        frozenset(refused),
        frozenset(name.lower() for name in group.headers),
        DirectResponse(NO_CONTENT, tuple(preflight)),
        Continue(response_headers=(*both, *exposed), append_response_headers=(_VARY,)),
    )


def _list(name: str, values: Iterable[str]) -> list[Header]:
    """One header with all values; empty if there are no values."""
    joined = ", ".join(dict.fromkeys(values))
    return [(name, joined)] if joined else []
