"""Whether every route is checked, and names an API that exists."""

from collections.abc import Iterator

from adapter.doctor.check import Check, Spot, per_checked_route, per_route
from adapter.doctor.fields import flag, text, tree
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import API_ID, REDACTED, Chain, Envoy, Route, VirtualHost

_GENERATED = "api-"
_SERVICES = ("grpc_service", "http_service")


def extensions(route: Route, chain: Chain) -> dict[str, str]:
    """`context_extensions` of the route, for the first filter that asks the adapter about it."""
    asker = next((a for a in chain.askers if route.is_covered_by(a)), None)
    return route.extensions(asker.name) if asker else {}


def api_of(route: Route, chain: Chain) -> str:
    """The id of the route's API; empty if it names none.

    Envoy redacts `context_extensions`. Then the id comes from the name that `envoy-config` gives to
    routes; for other routes it is the redacted value.
    """
    api_id = extensions(route, chain).get(API_ID, "")
    if api_id == REDACTED and route.name.startswith(_GENERATED):
        return route.name.removeprefix(_GENERATED)
    return api_id


def _unchecked(route: Route, _: VirtualHost, chain: Chain, __: KnownAdapter) -> bool:
    return not _is_covered(route, chain) and _is_turned_off(route, chain)


def _not_covered(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        if any(_is_covered(route, chain) for __, route in chain.routes):
            for host, route in chain.routes:
                is_open = not _is_covered(route, chain) and not _is_turned_off(route, chain)
                if route.forwards and is_open:
                    yield chain.place_of(host, route), ""


def _is_covered(route: Route, chain: Chain) -> bool:
    return any(route.is_covered_by(asker) for asker in chain.askers)


def _is_turned_off(route: Route, chain: Chain) -> bool:
    return any(route.is_disabled_for(asker.name) for asker in chain.askers)


def _unchecked_share(route: Route, _: VirtualHost, chain: Chain, __: KnownAdapter) -> str:
    off = [
        name
        for name, configs in route.per_cluster
        if any(flag(tree(configs, asker.name), "disabled") for asker in chain.askers)
    ]
    return ", ".join(off)


def _other_settings(route: Route, _: VirtualHost, chain: Chain, __: KnownAdapter) -> str:
    changed = [
        name
        for name, configs in route.per_cluster
        if any(tree(configs, asker.name, "check_settings") for asker in chain.askers)
    ]
    return ", ".join(changed)


def _asks_another(route: Route, _: VirtualHost, chain: Chain, __: KnownAdapter) -> str | None:
    layers = [*route.per_filter, *(configs for __, configs in route.per_cluster)]
    settings = [tree(layer, a.name, "check_settings") for layer in layers for a in chain.askers]
    found = [name for name in _SERVICES if any(name in s for s in settings)]
    return ", ".join(found)


def _own_answer(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
    if adapter.allows_unbound:
        return
    for chain in envoy.chains:
        for host, route in chain.routes:
            is_denied = _is_covered(route, chain) and _is_unbound(route, chain, adapter)
            if not route.forwards and is_denied:
                yield chain.place_of(host, route), ""


def _cluster_header(route: Route, _: VirtualHost, __: Chain, adapter: KnownAdapter) -> str | None:
    header = text(tree(route.config, "route"), "cluster_header").lower()
    return header if header and not header.startswith(adapter.header_prefix) else None


def _misnamed(route: Route, _: VirtualHost, chain: Chain, __: KnownAdapter) -> str:
    names = {f.name for f in chain.filters}
    wrong = [
        name
        for layer in route.per_filter
        for name, config in layer.items()
        if text(config, "@type").endswith(".ExtAuthzPerRoute") and name not in names
    ]
    return ", ".join(wrong)


def _no_api(route: Route, _: VirtualHost, chain: Chain, adapter: KnownAdapter) -> bool:
    return _is_unbound(route, chain, adapter) and not adapter.allows_unbound


def _allowed(route: Route, _: VirtualHost, chain: Chain, adapter: KnownAdapter) -> bool:
    return _is_unbound(route, chain, adapter) and adapter.allows_unbound


def _is_unbound(route: Route, chain: Chain, adapter: KnownAdapter) -> bool:
    return not api_of(route, chain) and not _is_bound(route, adapter)


def _is_bound(route: Route, adapter: KnownAdapter) -> bool:
    return any(
        b.route_metadata or b.authority or b.by_destination or (b.route_name or None) == route.name
        for b in adapter.bindings
    )


def _unknown_api(route: Route, _: VirtualHost, chain: Chain, adapter: KnownAdapter) -> str | None:
    api_id = api_of(route, chain)
    is_known = adapter.api_ids is None or api_id in {"", REDACTED} or api_id in adapter.api_ids
    return None if is_known else f"api_id: {api_id}"


def _hidden(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        if any(api_of(route, chain) == REDACTED for __, route in chain.routes):
            yield chain.place, ""


CHECKS = (
    Check(
        "route_unchecked",
        Severity.WARNING,
        "The route turns the filter off, so its requests reach the service without a Check.",
        "Remove disabled: true from the route, unless everyone may call it.",
        per_route(_unchecked),
    ),
    Check(
        "route_not_covered",
        Severity.ERROR,
        "The filter is disabled by default and this route, unlike others, does not enable it, so "
        "its requests are not checked.",
        "Give the route a configuration for the filter, or remove disabled: true from the filter.",
        _not_covered,
    ),
    Check(
        "weighted_cluster_unchecked",
        Severity.ERROR,
        "The weighted cluster turns the filter off, so a share of the route's requests is not "
        "checked.",
        "Remove disabled: true from typed_per_filter_config of the weighted cluster.",
        per_checked_route(_unchecked_share),
    ),
    Check(
        "weighted_cluster_settings",
        Severity.WARNING,
        "The weighted cluster has check_settings of its own, which were not examined.",
        "Write check_settings into the route, and split requests to several APIs by routes.",
        per_checked_route(_other_settings),
    ),
    Check(
        "route_asks_elsewhere",
        Severity.WARNING,
        "The route asks a server of its own, and the settings of that service were not examined.",
        "Remove the service from the route's check_settings, so that the filter's own one is used.",
        per_checked_route(_asks_another),
    ),
    Check(
        "cluster_header",
        Severity.WARNING,
        "A request header chooses the service, so a client can reach a service through another "
        "API.",
        "Name the cluster in the route, or remove the header from clients' requests.",
        per_route(_cluster_header),
    ),
    Check(
        "per_route_name",
        Severity.ERROR,
        "Envoy ignores the route's configuration, because its key is the name of no filter.",
        "Use the ext_authz filter's name as the key in typed_per_filter_config.",
        per_route(_misnamed),
    ),
    Check(
        "api_id_missing",
        Severity.WARNING,
        "The adapter denies the requests (api_unbound), because the route names no API and no "
        "known binding matches.",
        "Add api_id to the route's context_extensions, or name your settings with --config if a "
        "binding covers it.",
        per_checked_route(_no_api),
    ),
    Check(
        "own_answer_denied",
        Severity.WARNING,
        "Envoy would answer this route itself, but the adapter denies the requests (api_unbound), "
        "because the route names no API.",
        "Set disabled: true for the ext_authz filter in the route, or add api_id to its "
        "context_extensions.",
        _own_answer,
    ),
    Check(
        "unbound_allowed",
        Severity.WARNING,
        "The route names no API, and the settings let such requests through without policies "
        "(requests.unbound: allow).",
        "Add api_id to the route's context_extensions, or set requests.unbound: deny.",
        per_checked_route(_allowed),
    ),
    Check(
        "api_unknown",
        Severity.ERROR,
        "The adapter denies the requests (api_unknown), because it has no such API instance.",
        "Correct api_id, or add the API instance to the adapter's environment.",
        per_checked_route(_unknown_api),
    ),
    Check(
        "api_ids_hidden",
        Severity.NOTE,
        "Envoy hides the values of context_extensions, so the API ids were not compared.",
        "Run the doctor on the configuration file, too: policy-adapter doctor --file envoy.yaml.",
        _hidden,
    ),
)
