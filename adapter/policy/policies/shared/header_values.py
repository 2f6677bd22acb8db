"""What policies may write into a message's headers, and which headers Envoy keeps to itself."""

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
"""Headers that speak of one connection (RFC 9110, 7.6.1)."""

_PROTECTED: Final = frozenset({"accept", "connection", "date", "host", "transfer-encoding"})

UNTOUCHABLE: Final = frozenset({*HOP_BY_HOP, "content-length", "host"})
"""Headers that say where a message goes and how it is framed: to inject them is to smuggle."""

WRITTEN_BY_ROUTER: Final = "x-envoy-expected-rq-timeout-ms"
"""Envoy's router sets it after all policies, whatever it holds by then."""

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
"""Orders to Envoy's router, which obeys and removes them: no upstream sees them."""

NAME_PATTERN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""The pattern of a method or the name of a header (RFC 9110, 5.6.2)."""

_NAME: Final = re.compile(NAME_PATTERN)
_UNFIT_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def is_protected(name: str) -> bool:
    """Whether that header stays whatever policies say, as on the vendor's gateway."""
    return name in _PROTECTED or name.startswith((":", "content-"))


def is_fit_for_a_header(value: str) -> bool:
    """Whether that can be the value of a header: no control characters, and UTF-8 can tell it."""
    return _UNFIT_VALUE.search(value) is None


def removable(name: str) -> str:
    """The name of a request header to remove; raises ValueError where Envoy would not remove it."""
    if name.lower() == "upgrade":
        raise ValueError(
            "upgrade cannot be removed: Envoy has taken the request for a WebSocket by then; to "
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
        raise ValueError("not the name of a header (RFC 9110, 5.1)")
    if name.lower() in UNTOUCHABLE:
        raise ValueError(f"{name.lower()} cannot be injected: it belongs to the connection")
    return name.lower()


def _towards_upstream(name: str) -> str:
    if name == WRITTEN_BY_ROUTER or name in READ_BY_ROUTER:
        raise ValueError(
            f"{name} cannot be injected: no upstream would see it, since Envoy's router keeps it "
            "to itself; set timeouts and retries in Envoy's route, and choose another name here"
        )
    return name


def _towards_client(name: str) -> str:
    if name == "server":
        raise ValueError(
            "server cannot be injected: Envoy writes it last; set server_name or "
            "server_header_transformation in Envoy's HTTP connection manager"
        )
    return name


RequestHeaderName = Annotated[str, AfterValidator(_injectable), AfterValidator(_towards_upstream)]
"""The name of a request header that a policy may set; becomes lower case."""

ResponseHeaderName = Annotated[str, AfterValidator(_injectable), AfterValidator(_towards_client)]
"""The name of a response header that a policy may set; becomes lower case."""
