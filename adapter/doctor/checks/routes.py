"""Whether every route is checked, as a request to the right API."""

from collections.abc import Iterable, Iterator

from adapter.doctor.check import Check, Spot, per_checked_route, per_route
from adapter.doctor.fields import text
from adapter.doctor.finding import Place, Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import REDACTED, Chain, Envoy, Route, VirtualHost

_GENERATED = "api-"


def extensions(route: Route, chain: Chain) -> dict[str, str]:
    """`context_extensions` of the route, for the first filter that asks the adapter about it."""
    asker = next((a for a in chain.askers if route.is_covered_by(a)), None)
    return route.extensions(asker.name) if asker else {}


def api_of(route: Route, chain: Chain) -> str:
    """The id of the route's API; empty if it names none.

    Envoy redacts `context_extensions`. Then the id comes from the name that `envoy-config` gives to
    routes; for other routes it is the redacted value.
    """
    api_id = extensions(route, chain).get("api_id", "")
    if api_id == REDACTED and route.name.startswith(_GENERATED):
        return route.name.removeprefix(_GENERATED)
    return api_id


def _unchecked(route: Route, _: VirtualHost, chain: Chain, __: KnownAdapter) -> bool:
    is_covered = any(route.is_covered_by(asker) for asker in chain.askers)
    return not is_covered and _is_explicit(route, chain)


def _not_covered(route: Route, _: VirtualHost, chain: Chain, __: KnownAdapter) -> bool:
    is_covered = any(route.is_covered_by(asker) for asker in chain.askers)
    others = any(r.is_covered_by(asker) for _, r in chain.routes for asker in chain.askers)
    return not is_covered and others and not _is_explicit(route, chain)


def _is_explicit(route: Route, chain: Chain) -> bool:
    return any(route.is_disabled_for(asker.name) for asker in chain.askers)


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
    return not api_of(route, chain) and not _is_bound(route, adapter)


def _is_bound(route: Route, adapter: KnownAdapter) -> bool:
    return any(
        (b.route_name and b.route_name == route.name) or b.route_metadata or b.authority
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


def _open_prefix(route: Route, _: VirtualHost, __: Chain, ___: KnownAdapter) -> str | None:
    prefix = text(route.match, "prefix")
    return f"{prefix} also matches {prefix}X" if prefix and not prefix.endswith("/") else None


def _differ(routes: Iterable[Route], chain: Chain) -> bool:
    """Whether the routes belong to more than one API; redacted ids count as different."""
    ids = [api_of(route, chain) for route in routes if route.forwards]
    return len(set(ids)) > 1 or (len(ids) > 1 and REDACTED in ids)


def _path_of(route: Route) -> str:
    kinds = ("prefix", "path_separated_prefix", "path", "safe_regex", "path_match_policy")
    return str([route.match.get(kind) for kind in kinds])


def _by_path(route: Route, host: VirtualHost, chain: Chain, _: KnownAdapter) -> bool:
    found = extensions(route, chain)
    paths = {_path_of(r) for r in host.routes if r.forwards}
    is_said = found.get("api_chosen_by") in {"path", REDACTED}
    return "api_id" in found and not is_said and len(paths) > 1 and _differ(host.routes, chain)


def _leaves_prefix(route: Route, host: VirtualHost, chain: Chain, known: KnownAdapter) -> bool:
    found = extensions(route, chain)
    is_said = found.get("api_chosen_by") in {"path", REDACTED}
    has_prefix = any(
        text(route.match, kind).rstrip("/") for kind in ("prefix", "path_separated_prefix")
    )
    is_worse = _by_path(route, host, chain, known)
    return "api_id" in found and has_prefix and not is_said and not is_worse


def _by_host(route: Route, _: VirtualHost, chain: Chain, __: KnownAdapter) -> bool:
    found = extensions(route, chain)
    is_said = found.get("api_chosen_by_host") in {"true", REDACTED}
    routes = [r for _, r in chain.routes]
    return "api_id" in found and not is_said and len(chain.hosts) > 1 and _differ(routes, chain)


def _any_host(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
    if not any(b.authority for b in adapter.bindings):
        return
    for chain in envoy.chains:
        for host in chain.hosts if chain.askers else ():
            unnamed = [r for r in host.routes if r.forwards and not api_of(r, chain)]
            if "*" in host.domains and unnamed:
                yield Place(chain.listener, chain.label, virtual_host=host.name), ""


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
        per_route(_not_covered),
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
    Check(
        "prefix_without_slash",
        Severity.WARNING,
        "The prefix does not end at a segment, so it matches other paths as well.",
        "Use path_separated_prefix.",
        per_route(_open_prefix),
    ),
    Check(
        "api_chosen_by_path",
        Severity.ERROR,
        "The path decides about the API, and with ; or percent-encoding a client can reach a "
        "service through another API.",
        "Add api_chosen_by: path to the context_extensions of all routes of the virtual host.",
        per_checked_route(_by_path),
    ),
    Check(
        "prefix_left",
        Severity.WARNING,
        "With ;, percent-encoding or dots a client can reach paths of the service outside of the "
        "route's prefix.",
        "Add api_chosen_by: path to the route's context_extensions.",
        per_checked_route(_leaves_prefix),
    ),
    Check(
        "api_chosen_by_host",
        Severity.ERROR,
        "The host decides about the API, and with an odd host a client can reach a service through "
        "another API.",
        'Add api_chosen_by_host: "true" to the context_extensions of all routes.',
        per_checked_route(_by_host),
    ),
    Check(
        "binding_for_any_host",
        Severity.ERROR,
        "The settings bind APIs by authority, and this virtual host accepts every host, so clients "
        "choose their API.",
        "List the bound hosts in domains, or add api_id to the routes.",
        _any_host,
    ),
)
