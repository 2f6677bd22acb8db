"""The most expensive Checks that clients can cause, one for each input that they control.

By default Envoy accepts 60 KiB of headers, and 100 headers. Operators raise the number, so these
Checks have as many headers as fit into 60 KiB. A Check has a body only if an operator configures
`with_request_body`.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from envoy.service.auth.v3.external_auth_pb2 import CheckRequest

from adapter.ext_authz.check.request import MOST_HEADERS
from adapter.policy.bindings import ApiBinding
from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.request.canonical_path import MAX_CHARS
from benchmarks.catalog import CHAINS, TYPICAL, api_id, client_id, policies_of
from benchmarks.requests import application_headers

SIZE: Final = 58_000
"""The length of an input that is as long as possible, next to the headers that Envoy adds."""
_MANY: Final = 9_000
"""The number of short headers that fit into 60 KiB, with their separators."""
_MOST: Final = MOST_HEADERS - 20
"""As many headers as the adapter accepts, including those of a client application."""
_BODY: Final = 8 * 1024 * 1024
_HOUR_MS: Final = 3_600_000
_API: Final = api_id(0)


@dataclass(frozen=True, slots=True)
class HostileCheck:
    """A Check, and the policies and bindings for it."""

    name: str
    policies: tuple[AppliedPolicy, ...]
    path: str = "/orders/4711"
    authority: str = "api.example.com"
    method: str = "GET"
    headers: tuple[tuple[str, str | bytes], ...] = ()
    """In addition to those of a client application. The same name replaces such a header."""
    raw: bool = False
    """Whether Envoy's `encode_raw_headers` is on."""
    body: int = 0
    bindings: tuple[ApiBinding, ...] = field(default=(), repr=False)
    """Empty: the route contains the API's id."""
    forwarded_for_position: int | None = None

    def message(self) -> bytes:
        """The Check, as Envoy encodes it."""
        check = CheckRequest()
        http = check.attributes.request.http
        http.method, http.path, http.host = self.method, self.path, self.authority
        http.scheme, http.protocol = "http", "HTTP/1.1"
        given = {name for name, _ in self.headers}
        usual = application_headers(client_id(0)) | {"x-adapter-client-address": "10.1.2.3"}
        fields = [*((n, v) for n, v in usual.items() if n not in given), *self.headers]
        for name, value in fields:
            if self.raw:
                octets = value if isinstance(value, bytes) else value.encode()
                http.header_map.headers.add(key=name, raw_value=octets)
            else:
                http.headers[name] = value
        http.body = "b" * self.body
        check.attributes.context_extensions["client_address"] = "attested"
        if not self.bindings:
            check.attributes.context_extensions["api_id"] = _API
        message: bytes = check.SerializeToString(deterministic=True)
        return message


def _one(policy_type: str, configuration: Mapping[str, Any]) -> tuple[AppliedPolicy, ...]:
    return policies_of(((policy_type, configuration),))


def _with_pointcuts(count: int, path_regex: str) -> tuple[AppliedPolicy, ...]:
    pointcuts = (Pointcut(".*", path_regex),)
    return tuple(AppliedPolicy(f"{n}", "access-block", {}, n, pointcuts) for n in range(count))


def _messages(count: int, message: str) -> tuple[AppliedPolicy, ...]:
    item = {"itemName": "m", "itemData": {"message": message, "level": "INFO"}}
    return _one("message-logging", {"loggingConfiguration": [item] * count})


def _mixture(letters: str, length: int) -> str:
    """Random letters, the same in each run."""
    return "".join(random.Random(1).choices(letters, k=length)).replace("//", "/a")  # noqa: S311


_TYPICAL: Final = policies_of(CHAINS[TYPICAL])
_LONGEST_PATH: Final = "/a" * (MAX_CHARS // 2)
_LIMIT: Final = {"rateLimits": [{"maximumRequests": 10**9, "timePeriodInMilliseconds": _HOUR_MS}]}
_PUBLIC: Final = "#[attributes.headers['x-long']]"
_SHOP: Final = "https://shop.example.com"
_CORS: Final = _one(
    "cors",
    {
        "publicResource": False,
        "originGroups": [
            {
                "origins": [_SHOP],
                "allowedMethods": [{"methodName": "PUT", "isAllowed": True}],
                "headers": ["x-a"],
            }
        ],
    },
)
_PREFLIGHT: Final = (("origin", _SHOP), ("access-control-request-method", "PUT"))
_MANY_HEADERS: Final = tuple((f"{n:x}", "1") for n in range(_MANY))
_MOST_HEADERS: Final = tuple((f"x_{n:03}-{'n' * 45}", "1") for n in range(_MOST))
_HUNDRED_HEADERS: Final = tuple((f"x-{n:02}-" + "n" * 500, "1") for n in range(85))
_PATTERNS: Final = {"inboundHeaders": [f"x-[a-z]+-{n}-.*" for n in range(100)]}
_BASIC: Final = _one(
    "client-id-enforcement",
    {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"},
)

HOSTILE_CHECKS: Final = (
    HostileCheck("a header that nobody reads", _TYPICAL, headers=(("x-long", "v" * SIZE),)),
    HostileCheck("a header that is not ASCII", _TYPICAL, headers=(("x-long", "\xe9" * 29_000),)),
    HostileCheck(
        "a raw header of octets that are no text",
        _TYPICAL,
        headers=(("x-long", b"\xffa" * (SIZE // 2)),),
        raw=True,
    ),
    HostileCheck("a cookie", _TYPICAL, headers=(("cookie", "a=b; " * (SIZE // 5)),)),
    HostileCheck("9,000 headers", _TYPICAL, headers=_MANY_HEADERS),
    HostileCheck("9,000 raw headers", _TYPICAL, headers=_MANY_HEADERS, raw=True),
    HostileCheck("230 headers", _TYPICAL, headers=_MOST_HEADERS),
    HostileCheck("230 raw headers", _TYPICAL, headers=_MOST_HEADERS, raw=True),
    HostileCheck(
        "one raw header, 230 times", _TYPICAL, headers=(("x-a", "v" * 50),) * _MOST, raw=True
    ),
    HostileCheck(
        "long names against 100 patterns of header-removal",
        _one("header-removal", _PATTERNS),
        headers=_HUNDRED_HEADERS,
    ),
    HostileCheck(
        "230 headers against 100 patterns of header-removal",
        _one("header-removal", _PATTERNS),
        headers=_MOST_HEADERS,
    ),
    HostileCheck(
        "230 headers, and 100 messages that read one",
        _messages(100, "#[attributes.headers['x-absent']]"),
        headers=_MOST_HEADERS,
    ),
    HostileCheck("a client id", _TYPICAL, headers=(("client_id", "c" * SIZE),)),
    HostileCheck("a client secret", _TYPICAL, headers=(("client_secret", "s" * SIZE),)),
    HostileCheck(
        "Basic credentials", _BASIC, headers=(("authorization", "Basic " + "QUFB" * (SIZE // 4)),)
    ),
    HostileCheck(
        "an authorization header of blanks",
        _BASIC,
        headers=(("authorization", "Basic" + " " * SIZE),),
    ),
    HostileCheck(
        "a path longer than is looked at, against 20 pointcuts",
        _with_pointcuts(20, "/b/.*"),
        "/a" * 29_000,
    ),
    HostileCheck(
        "the longest path that is looked at, against 20 pointcuts",
        _with_pointcuts(20, ".*/b/[0-9]+"),
        _LONGEST_PATH,
    ),
    HostileCheck(
        "the longest percent-encoded path, against 20 pointcuts",
        _with_pointcuts(20, ".*/b/[0-9]+"),
        "/%C3%A9%C3%A9" * (MAX_CHARS // 13),
    ),
    HostileCheck(
        "the longest path for a pattern with a count of 12",
        _with_pointcuts(1, ".*[ab].{12}c"),
        "/" + _mixture("abc/", 2_300),
    ),
    HostileCheck(
        "the longest path for a pattern with a count of 100",
        # The path matches, because for other paths RE2 finds that out at their end.
        _with_pointcuts(1, ".*[ab].{100}c.*"),
        "/" + _mixture("aaaaaaac", 315),
    ),
    HostileCheck(
        "the longest path for 100 pointcuts of one policy",
        (
            AppliedPolicy(
                "1", "access-block", {}, 1, tuple(Pointcut("", f"/.*/x{n}/.*") for n in range(100))
            ),
        ),
        "/" + "a/x/" * 245,
    ),
    HostileCheck(
        "header names against a pattern with a count of 100",
        _one("header-removal", {"inboundHeaders": [".*a.{100}c"]}),
        headers=tuple((f"x{n}{_mixture('aaab-', 118)}", "1") for n in range(6)),
    ),
    HostileCheck("a header of 8 MB", _TYPICAL, headers=(("client_id", "c" * 8_000_000),)),
    HostileCheck(
        "a raw header of 8 MB", _TYPICAL, headers=(("client_id", b"\xff" * 8_000_000),), raw=True
    ),
    HostileCheck(
        "the longest path that is looked at, against 1,000 bindings",
        (),
        _LONGEST_PATH,
        bindings=tuple(
            ApiBinding(_API, authority="api.example.com", path_prefix=f"/a/{n}")
            for n in range(1_000)
        ),
    ),
    HostileCheck(
        "an authority, against 1,000 bindings",
        (),
        authority="a." * 29_000,
        bindings=tuple(ApiBinding(_API, authority=f"*.{n}.example.com") for n in range(1_000)),
    ),
    HostileCheck(
        "a query, for ten keys of rate-limiting",
        tuple(
            AppliedPolicy(
                f"{n}",
                "rate-limiting",
                {**_LIMIT, "keySelector": f"#[attributes.queryParams['k{n}']]"},
                n,
            )
            for n in range(10)
        ),
        "/?" + "a&" * 29_000,
    ),
    HostileCheck(
        "a key of rate-limiting",
        _one("rate-limiting", {**_LIMIT, "keySelector": _PUBLIC}),
        headers=(("x-long", "k" * SIZE),),
    ),
    HostileCheck(
        "header names that a preflight asks for",
        _CORS,
        method="OPTIONS",
        headers=(*_PREFLIGHT, ("access-control-request-headers", "a," * 29_000)),
    ),
    HostileCheck(
        "header names that a preflight asks for, public resource",
        _one("cors", {"publicResource": True}),
        method="OPTIONS",
        headers=(*_PREFLIGHT, ("access-control-request-headers", "a," * 29_000)),
    ),
    HostileCheck("an origin", _CORS, headers=(("origin", "o" * SIZE),)),
    HostileCheck(
        "x-forwarded-for, by position",
        _one("ip-allowlist", {"ips": ["10.0.0.0/8"]}),
        headers=(("x-forwarded-for", "1," * 29_000),),
        forwarded_for_position=2,
    ),
    HostileCheck(
        "an address of colons",
        _one("ip-allowlist", {"ips": ["10.0.0.0/8"]}),
        headers=(("x-forwarded-for", ":" * SIZE),),
        forwarded_for_position=1,
    ),
    HostileCheck(
        "x-forwarded-for, split by an expression",
        _one(
            "ip-allowlist",
            {
                "ips": ["10.0.0.0/8"],
                "ipExpression": "#[splitBy(attributes.headers['x-long'], ',')[0]]",
            },
        ),
        headers=(("x-long", "1," * 29_000),),
    ),
    HostileCheck(
        "a header in ten messages", _messages(10, _PUBLIC), headers=(("x-long", "v" * SIZE),)
    ),
    HostileCheck(
        "a header of control characters in ten messages",
        _messages(10, _PUBLIC),
        headers=(("x-long", "\x85" * 29_000),),
    ),
    HostileCheck(
        "a header, passed on by header-injection",
        _one("header-injection", {"inboundHeaders": [{"key": "x-copy", "value": _PUBLIC}]}),
        headers=(("x-long", "v" * SIZE),),
    ),
    HostileCheck(
        "a header that is not ASCII, passed on by header-injection",
        _one("header-injection", {"inboundHeaders": [{"key": "x-copy", "value": _PUBLIC}]}),
        headers=(("x-long", "\xe9" * 29_000),),
    ),
    HostileCheck("a body of 8 MiB", _TYPICAL, method="POST", body=_BODY),
    HostileCheck("a body of 8 MiB, and raw headers", _TYPICAL, method="POST", body=_BODY, raw=True),
)
"""The worst known Check of each kind."""
