"""Reads `--api`: which requests belong to an API, and which service answers them.

`ID[@DOMAIN][/PREFIX]=SCHEME://HOST:PORT[/PREFIX]`. The left side is what clients send, the right
side is where Envoy sends it. Without a prefix on the left, the one on the right is what clients
send, and it stays as it is:

    1=http://127.0.0.1:8000/orders              /orders/7 arrives as /orders/7
    1/orders=http://127.0.0.1:8000/internal     /orders/7 arrives as /internal/7
    1@shop.test/=https://10.0.0.1:443/shop      /7 of shop.test arrives as /shop/7
"""

import re
from dataclasses import replace
from typing import Final

from adapter.envoy_config import ApiRoute
from adapter.errors import ConfigurationError

FORM: Final = "ID[@DOMAIN][/PREFIX]=http://HOST:PORT[/PREFIX]"

_PORTS: Final = {"http": 80, "https": 443, "grpc": 80, "grpcs": 443}
_CREDENTIALS: Final = re.compile("(?<=[/=])[^/@]*@")


def read_api(text: str) -> ApiRoute:
    """The route that the text describes. Raises ConfigurationError with all errors in its URL."""
    left, equals, url = text.partition("=")
    scheme, colon, rest = url.partition("://")
    if not equals or not colon:
        raise ConfigurationError(f"--api {_shown(text)!r} is not {FORM}")
    if faults := _url_faults(scheme.lower(), rest):
        raise ConfigurationError("\n".join(f"--api {_shown(text)!r}: {fault}" for fault in faults))
    upstream, _, path = rest.partition("/")
    place, theirs = read_place(left), f"/{path}"
    public = place.path_prefix if "/" in left else theirs
    return replace(
        place,
        upstream=upstream,
        path_prefix=public,
        upstream_prefix=None if public.rstrip("/") == theirs.rstrip("/") else theirs,
        grpc=scheme.lower().startswith("grpc"),
        tls=scheme.lower().endswith("s"),
    )


def read_place(text: str) -> ApiRoute:
    """The route of `ID[@DOMAIN][/PREFIX]`, without a service."""
    name, _, path = text.partition("/")
    api_id, at, domain = name.partition("@")
    return ApiRoute(api_id, "", (domain.lower() if at else "*",), f"/{path}")


def _url_faults(scheme: str, rest: str) -> list[str]:
    faults = []
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if scheme not in _PORTS:
        faults.append(f"unknown scheme {scheme!r}; use http, https, grpc or grpcs")
    if "@" in authority:
        faults.append("the URL has a user or password, which Envoy does not send; leave it out")
    elif _lacks_port(authority):
        port = _PORTS.get(scheme, "PORT")
        faults.append(f"the URL has no port; write {scheme}://{authority}:{port}")
    if "?" in rest or "#" in rest:
        faults.append("the URL has a query or a fragment; leave it out")
    return faults


def _lacks_port(authority: str) -> bool:
    """Whether it is a host alone; an IPv6 address without brackets is another mistake."""
    return bool(authority) and (":" not in authority or authority.endswith("]"))


def _shown(text: str) -> str:
    """The text without a password."""
    return _CREDENTIALS.sub("...@", text)
