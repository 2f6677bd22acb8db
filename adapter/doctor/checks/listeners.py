"""Whether every listener asks the adapter, and at the right moment."""

from collections.abc import Iterator

from adapter.doctor.check import Check, Spot, per_chain, per_checked_chain, per_filter
from adapter.doctor.checks.istio import marks_everything, refuses_everything
from adapter.doctor.fields import flag, kind_of, number, skips_filter, text, tree, trees
from adapter.doctor.finding import Place, Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Chain, Envoy, HttpFilter

_CHANGING = frozenset(
    {"header_mutation", "lua", "wasm", "ext_proc", "golang", "dynamic_modules"}
    | {"grpc_json_transcoder"}
)
_OF_MESHES = frozenset({"prometheus_stats", "agent"})
"""The clusters to which a mesh's own listeners lead, for probes and metrics."""
_DENOMINATORS = {"": 100, "HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}


def _no_http(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    if not envoy.chains:
        yield Place(), ""


def _without_http(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    return ((Place(name), "") for name in envoy.other_listeners if envoy.chains)


def _connect(chain: Chain, _: KnownAdapter) -> bool:
    upgrades = trees(chain.manager, "upgrade_configs")
    return any(text(upgrade, "upgrade_type").upper() == "CONNECT" for upgrade in upgrades)


def _forwards(chain: Chain) -> bool:
    served = (route for _, route in chain.routes if route.forwards)
    clusters = {text(tree(route.config, "route"), "cluster") for route in served}
    return bool(chain.missing_routes) or bool(clusters - _OF_MESHES)


def _asks_over_http(chain: Chain) -> bool:
    return any(f.kind == "ext_authz" and "http_service" in f.config for f in chain.filters)


def _missing(chain: Chain, _: KnownAdapter) -> bool:
    asks = bool(chain.askers) or _asks_over_http(chain)
    return not asks and _forwards(chain) and not refuses_everything(chain)


def _over_http(chain: Chain, _: KnownAdapter) -> bool:
    return not chain.askers and _asks_over_http(chain)


def _disabled(asker: HttpFilter, chain: Chain, _: KnownAdapter) -> bool:
    # Envoy Gateway has one filter for each SecurityPolicy, and a route enables one of them.
    others = (route.is_covered_by(a) for a in chain.askers for _, route in chain.routes)
    return asker.is_disabled and not any(others)


def _sampled(asker: HttpFilter, _: Chain, __: KnownAdapter) -> str | None:
    share = tree(asker.config, "filter_enabled", "default_value")
    whole = _DENOMINATORS.get(text(share, "denominator"), 100)
    part = number(share, "numerator") or 0
    return f"{part / whole:.2%}" if "filter_enabled" in asker.config and part < whole else None


def _conditional(asker: HttpFilter, chain: Chain, _: KnownAdapter) -> bool:
    has_condition = "filter_enabled_metadata" in asker.config
    return has_condition and not marks_everything(asker, chain)


def _skipped(asker: HttpFilter, chain: Chain, _: KnownAdapter) -> bool:
    layers = [layer for _, route in chain.routes for layer in route.per_filter]
    return asker.is_skipped or any(skips_filter(tree(layer, asker.name)) for layer in layers)


def _after_router(chain: Chain, _: KnownAdapter) -> str | None:
    kinds = [f.kind for f in chain.filters]
    if "router" not in kinds:
        return None
    late = chain.filters[kinds.index("router") :]
    return next((f.name for f in late if f.can_ask_adapter), None)


def _changes_later(chain: Chain, _: KnownAdapter) -> str:
    return ", ".join(f.name for f in chain.after_check if f.kind in _CHANGING)


def _cors_later(chain: Chain, _: KnownAdapter) -> bool:
    return any(f.kind == "cors" for f in chain.after_check)


def _cache_first(chain: Chain, _: KnownAdapter) -> str:
    return ", ".join(f.name for f in chain.before_check if f.kind in {"cache", "cache_v2"})


def _upgrades(chain: Chain, _: KnownAdapter) -> str:
    return ", ".join(
        text(upgrade, "upgrade_type")
        for upgrade in trees(chain.manager, "upgrade_configs")
        if trees(upgrade, "filters")
        and not any(
            kind_of(tree(f, "typed_config")) == "ext_authz" for f in trees(upgrade, "filters")
        )
    )


CHECKS = (
    Check(
        "no_http_listener",
        Severity.ERROR,
        "No listener has an HTTP connection manager, so no request is checked.",
        "Start from the output of policy-adapter envoy-config.",
        _no_http,
    ),
    Check(
        "listener_without_http",
        Severity.WARNING,
        "The listener forwards connections without reading requests, so nothing is checked there.",
        "Make sure that clients cannot reach your services through this listener.",
        _without_http,
    ),
    Check(
        "ext_authz_missing",
        Severity.ERROR,
        "Requests to this listener reach the services without a Check.",
        "Add the ext_authz filter before the router.",
        per_chain(_missing),
    ),
    Check(
        "ext_authz_http",
        Severity.ERROR,
        "The ext_authz filter asks over HTTP, and the adapter speaks gRPC only.",
        "Replace http_service by grpc_service in the ext_authz filter.",
        per_chain(_over_http),
    ),
    Check(
        "ext_authz_disabled",
        Severity.ERROR,
        "The filter is disabled and no route enables it, so no request is checked.",
        "Remove disabled: true from the filter.",
        per_filter(_disabled),
    ),
    Check(
        "ext_authz_sampled",
        Severity.ERROR,
        "Only a share of the requests is checked, and the others are let through.",
        "Remove filter_enabled from the ext_authz filter.",
        per_filter(_sampled),
    ),
    Check(
        "ext_authz_conditional",
        Severity.WARNING,
        "Requests whose metadata does not match are let through without a Check.",
        "Remove filter_enabled_metadata, or make sure that clients cannot choose that metadata.",
        per_filter(_conditional),
    ),
    Check(
        "ext_authz_skipped",
        Severity.ERROR,
        "A matcher skips the filter for some requests, which reach the services without a Check.",
        "Remove the SkipFilter action from the matcher, or use the ext_authz filter without a "
        "matcher.",
        per_filter(_skipped),
    ),
    Check(
        "shadow_mode",
        Severity.ERROR,
        "Envoy asks the adapter and lets every request through, whatever the answer is.",
        "Remove shadow_mode from the ext_authz filter.",
        per_filter(lambda asker, _, __: flag(asker.config, "shadow_mode")),
    ),
    Check(
        "ext_authz_after_router",
        Severity.ERROR,
        "The router ends the chain, so a filter after it never runs.",
        "Move the ext_authz filter before the router.",
        per_chain(_after_router),
    ),
    Check(
        "changes_after_check",
        Severity.WARNING,
        "A filter after the Check can change path or headers, so the service sees another request "
        "than the adapter.",
        "Move the filter before ext_authz, unless it changes nothing that policies read.",
        per_checked_chain(_changes_later),
    ),
    Check(
        "cors_after_check",
        Severity.WARNING,
        "Preflight requests carry no credentials, so policies refuse them before Envoy's CORS "
        "filter can answer.",
        "Move the cors filter before ext_authz.",
        per_checked_chain(_cors_later),
    ),
    Check(
        "cache_before_check",
        Severity.ERROR,
        "The cache answers requests without a Check, also with responses made for other clients.",
        "Move the cache filter after ext_authz.",
        per_checked_chain(_cache_first),
    ),
    Check(
        "upgrade_unchecked",
        Severity.ERROR,
        "Requests with this upgrade have filters of their own, without ext_authz, and are not "
        "checked.",
        "Remove filters from the upgrade_configs entry, or add ext_authz there.",
        per_checked_chain(_upgrades),
    ),
    Check(
        "connect_upgrade",
        Severity.WARNING,
        "After a CONNECT request, everything in the tunnel passes without a Check.",
        "Remove the CONNECT upgrade.",
        per_checked_chain(_connect),
    ),
    Check(
        "routes_unknown",
        Severity.WARNING,
        "The route configuration was not found, so its routes were not examined.",
        "Let the doctor read the running Envoy with --envoy.",
        per_chain(lambda chain, _: chain.missing_routes),
    ),
)
