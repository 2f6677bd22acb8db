"""Renders the parts that an operator adds to an Envoy configuration of their own.

The result is one YAML document for each place in that configuration. Comments say where the lines
go, what each protects, and what happens without it.
"""

from collections.abc import Iterator
from typing import Any, Final

import yaml

from adapter.envoy_config.config import EnvoyConfig
from adapter.envoy_config.notes import annotated, comment
from adapter.envoy_config.parts.clusters import adapter_clusters
from adapter.envoy_config.parts.connection_manager import access_logs, request_options
from adapter.envoy_config.parts.http_filters import policy_filters
from adapter.envoy_config.parts.listener_tls import transport_socket
from adapter.envoy_config.parts.routes import NOT_CHECKED, ROUTE_OPTIONS, checked_routes

_HEAD: Final = (
    "Parts for the Envoy that you have. Each document below says where its lines go. "
    "docs/your-envoy.md explains them. To check the result while it runs: "
    "policy-adapter doctor --envoy http://127.0.0.1:9901 (the address of Envoy's admin interface)."
)


def render_fragments(config: EnvoyConfig) -> str:
    """The parts as YAML documents. The options must be valid."""
    written: set[str] = set()
    documents = [comment(_HEAD)]
    for number, (place, content) in enumerate(_fragments(config), 1):
        text = yaml.safe_dump(content, sort_keys=False, width=100)
        documents.append(f"{comment(f'{number}. {place}')}\n{annotated(text, written)}")
    return "---\n".join(documents)


def _fragments(config: EnvoyConfig) -> Iterator[tuple[str, Any]]:
    """Each place, and what to add there."""
    if config.listener_tls is not None:
        yield (
            "The listener: add these lines to its filter chain.",
            transport_socket(config.listener_tls),
        )
    yield (
        "The HTTP connection manager: add these lines to its typed_config.",
        request_options(config),
    )
    yield (
        "The HTTP connection manager: add these filters in this order, before the router and "
        "before each filter that relies on the decision. Filters that choose another route or "
        "change the path go before them.",
        {"http_filters": policy_filters(config)},
    )
    yield (
        "The HTTP connection manager: add this to the access loggers that you have.",
        {"access_log": access_logs(config)},
    )
    yield "The route configuration: add this line to route_config.", ROUTE_OPTIONS
    for domain, route, per_filter in checked_routes(config.apis):
        yield (
            f"The route of API {route.api_id}, for the host {domain} and paths below "
            f"{route.path_prefix}: add these lines to the route, beside its match.",
            {"name": route.name, "typed_per_filter_config": per_filter},
        )
    yield (
        "Each route that needs no policy, such as one for health checks: add these lines to it.",
        {"typed_per_filter_config": NOT_CHECKED},
    )
    yield "The clusters: add these two.", {"clusters": adapter_clusters(config)}
