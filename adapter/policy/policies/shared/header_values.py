"""Which header names and values policies may write, and which headers Envoy reserves."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that describe one connection (RFC 9110, 7.6.1)."""

_PROTECTED: Final = frozenset({"accept", "connection", "date", "host", "transfer-encoding"})

UNTOUCHABLE: Final = frozenset({*HOP_BY_HOP, "content-length", "host"})
"""Headers of routing and framing. Injecting them would make request smuggling possible."""

WRITTEN_BY_ROUTER: Final = "x-envoy-expected-rq-timeout-ms"
"""Envoy's router sets this header after all policies, and replaces any earlier value."""

READ_BY_ROUTER: Final = frozenset(
    {
        "x-envoy-hedge-on-per-try-timeout",
        "x-envoy-max-retries",
        "x-envoy-retriable-header-names",
        "x-envoy-retriable-status-codes",
        "x-envoy-retry-grpc-on",
        "x-envoy-retry-on",
        "x-envoy-upstream-alt-stat-name",
        "x-envoy-upstream-rq-per-try-timeout-ms",
        "x-envoy-upstream-rq-timeout-alt-response",
        "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-upstream-stream-duration-ms",
    }
)
"""Headers that control Envoy's router. It removes them, so no upstream gets them."""

NAME_PATTERN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""The pattern of a method or a header name (RFC 9110, 5.6.2)."""

_NAME: Final = re.compile(NAME_PATTERN)
_UNFIT_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def is_protected(name: str) -> bool:
    """Whether policies cannot remove the header, as on the vendor's gateway."""
    return name in _PROTECTED or name.startswith((":", "content-"))


def is_fit_for_a_header(value: str) -> bool:
    """Whether the text can be a header's value: no control characters, and valid UTF-8."""
    return _UNFIT_VALUE.search(value) is None


def removable(name: str) -> str:
    """Check the name of a request header to remove; raises ValueError if Envoy can't remove it."""
    if name.lower() == "upgrade":
        raise ValueError(
            "upgrade cannot be removed: Envoy already treats the request as a WebSocket; to "
            "refuse WebSockets, remove upgrade_configs from Envoy's HTTP connection manager"
        )
    if name.lower() == WRITTEN_BY_ROUTER:
        raise ValueError(
            f"{WRITTEN_BY_ROUTER} cannot be removed: Envoy's router sets it after all policies; "
            "set suppress_envoy_headers in the router's configuration"
        )
    return name


def _injectable(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            "is not a header name: use letters, digits, - and _ only, such as x-tenant"
        )
    if name.lower() in UNTOUCHABLE:
        raise ValueError(f"{name.lower()} cannot be injected: it belongs to the connection")
    return name.lower()


def request_header_name(name: str) -> str:
    """The name in lower case; raises ValueError if policies cannot set this request header."""
    name = _injectable(name)
    if name == WRITTEN_BY_ROUTER or name in READ_BY_ROUTER:
        raise ValueError(
            f"{name} cannot be injected: Envoy's router removes it, so no upstream would get it; "
            "set timeouts and retries in Envoy's route, or choose another name"
        )
    return name


def _towards_client(name: str) -> str:
    if name == "server":
        raise ValueError(
            "server cannot be injected: Envoy writes it last; set server_name or "
            "server_header_transformation in Envoy's HTTP connection manager"
        )
    return name


RequestHeaderName = Annotated[str, AfterValidator(request_header_name)]
"""The name of a request header that a policy may set; converted to lower case."""

ResponseHeaderName = Annotated[str, AfterValidator(_injectable), AfterValidator(_towards_client)]
"""The name of a response header that a policy may set; converted to lower case."""
