"""A good Envoy configuration, and access to its parts for those who break it."""

from copy import deepcopy
from functools import cache
from typing import Any

import yaml

from adapter.doctor import Finding, KnownAdapter, examine
from adapter.doctor.reading.files import resources_of_bootstrap
from adapter.doctor.reading.resources import envoy_of
from adapter.envoy_config import ApiRoute, ListenerTls, render
from adapter.ext_authz.check.request import ADDRESS_HEADER
from support.defaults import envoy_config

ADAPTERS = ("127.0.0.1:9001", "127.0.0.1:9002")
ROUTES = (
    ApiRoute("1", "127.0.0.1:8000", ("shop.test",), "/orders"),
    ApiRoute("2", "127.0.0.1:8000", ("shop.test",)),
    ApiRoute("3", "127.0.0.1:8001"),
)
GOOD = render(envoy_config(ROUTES, ADAPTERS, token="between-us"))
MUTUAL_TLS = render(
    envoy_config(ROUTES, ADAPTERS, listener_tls=ListenerTls("a.pem", "a.key", "clients.pem"))
)
EXTENSIONS = "type.googleapis.com/envoy.extensions."


def header_input(name: str) -> dict[str, Any]:
    """What a matcher reads: a request header."""
    kind = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
    return {"name": "header", "typed_config": {"@type": kind, "header_name": name}}


def known(**changes: Any) -> KnownAdapter:
    """An adapter with default settings."""
    return KnownAdapter(
        **({"header_prefix": "x-adapter-", "address_header": ADDRESS_HEADER} | changes)
    )


@cache
def _parsed(text: str) -> Any:
    return yaml.safe_load(text)


class Parts:
    """The parts of a configuration that can be changed."""

    def __init__(self, text: str = GOOD) -> None:
        self.bootstrap: dict[str, Any] = deepcopy(_parsed(text))

    @property
    def listener(self) -> Any:
        """The only listener."""
        (listener,) = self.bootstrap["static_resources"]["listeners"]
        return listener

    @property
    def chain(self) -> Any:
        """Its only filter chain."""
        return self.listener["filter_chains"][0]

    @property
    def manager(self) -> Any:
        """The HTTP connection manager."""
        return self.chain["filters"][0]["typed_config"]

    @property
    def filters(self) -> Any:
        """The HTTP filters: header_mutation, ext_authz, router."""
        return self.manager["http_filters"]

    @property
    def ext_authz(self) -> Any:
        """The configuration of the ext_authz filter."""
        return self.filters[1]["typed_config"]

    @property
    def service(self) -> Any:
        """Whom it asks."""
        return self.ext_authz["grpc_service"]

    @property
    def mutations(self) -> Any:
        """First the one that removes forgeries, then the one that writes the address."""
        return self.filters[0]["typed_config"]["mutations"]["request_mutations"]

    @property
    def logger(self) -> Any:
        """The configuration of the access logger."""
        return self.manager["access_log"][0]["typed_config"]

    @property
    def hosts(self) -> Any:
        """The virtual hosts: `shop.test` and `*`."""
        return self.manager["route_config"]["virtual_hosts"]

    @property
    def route(self) -> Any:
        """The route of API 1, `/orders` at shop.test."""
        return self.hosts[0]["routes"][0]

    @property
    def per_route(self) -> Any:
        """What that route says to the ext_authz filter."""
        return self.route["typed_per_filter_config"]["envoy.filters.http.ext_authz"]

    @property
    def extensions(self) -> Any:
        """Its `context_extensions`."""
        return self.per_route["check_settings"]["context_extensions"]

    @property
    def cluster(self) -> Any:
        """The cluster for Checks."""
        return self.bootstrap["static_resources"]["clusters"][0]

    def every_extensions(self) -> list[Any]:
        """`context_extensions` of all routes."""
        return [
            route["typed_per_filter_config"]["envoy.filters.http.ext_authz"]["check_settings"][
                "context_extensions"
            ]
            for host in self.hosts
            for route in host["routes"]
        ]

    def add_filter(self, name: str, at: int, **config: Any) -> None:
        """Insert an HTTP filter."""
        typed = {"@type": f"{EXTENSIONS}filters.http.{name}.v3.Any", **config}
        self.filters.insert(at, {"name": name, "typed_config": typed})

    def findings(self, adapter: KnownAdapter | None = None) -> list[Finding]:
        """What the doctor says."""
        return examine(envoy_of(resources_of_bootstrap(self.bootstrap)), adapter or known())
