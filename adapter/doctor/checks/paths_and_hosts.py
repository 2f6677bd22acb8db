"""Whether Envoy, the adapter and the services read paths and hosts in the same way."""

import re

from adapter.doctor.check import Check, per_checked_chain, per_route
from adapter.doctor.fields import flag, text, trees
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Chain, Route, VirtualHost

_ESCAPED_SLASHES = "path_with_escaped_slashes_action"
_SAFE = frozenset({"REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD"})


def _escaped_slashes(chain: Chain, _: KnownAdapter) -> str | None:
    action = text(chain.manager, _ESCAPED_SLASHES)
    return None if action in _SAFE else (action or "not set")


def _names_hosts(chain: Chain) -> bool:
    return any(domain != "*" for host in chain.hosts for domain in host.domains)


def _dots(chain: Chain, _: KnownAdapter) -> bool:
    return _names_hosts(chain) and not flag(chain.manager, "strip_trailing_host_dot")


def _ports(chain: Chain, _: KnownAdapter) -> bool:
    is_matching = flag(chain.manager, "strip_matching_host_port")
    return _names_hosts(chain) and not is_matching and not _ignores_ports(chain)


def _ignores_ports(chain: Chain) -> bool:
    ignores = flag(chain.route_config, "ignore_port_in_host_matching")
    return ignores or flag(chain.manager, "strip_any_host_port")


def _unreachable(chain: Chain, _: KnownAdapter) -> str:
    """Domains that no host equals once Envoy has removed port and final dot."""
    dropped_dot = flag(chain.manager, "strip_trailing_host_dot")
    return ", ".join(
        domain
        for host in chain.hosts
        for domain in host.domains
        if (_has_port(domain) and _ignores_ports(chain)) or (domain.endswith(".") and dropped_dot)
    )


def _has_port(domain: str) -> bool:
    return re.search(r":\d+$", domain) is not None and domain.count(":") == 1


def _wide(chain: Chain, _: KnownAdapter) -> str:
    found = [d for host in chain.hosts for d in host.domains if re.match(r"\*[\w]", d)]
    return ", ".join(f"{domain} also matches evil{domain[1:]}" for domain in found)


def _host_in_match(route: Route, _: VirtualHost, __: Chain, ___: KnownAdapter) -> bool:
    names = {text(header, "name").lower() for header in trees(route.match, "headers")}
    return bool(names & {":authority", "host"})


CHECKS = (
    Check(
        "normalize_path",
        Severity.WARNING,
        "Envoy routes /a/../b by its raw form, which a service may read as /b.",
        "Set normalize_path: true.",
        per_checked_chain(lambda chain, _: not flag(chain.manager, "normalize_path")),
    ),
    Check(
        "merge_slashes",
        Severity.WARNING,
        "Envoy routes //a by its raw form, which a service may read as /a.",
        "Set merge_slashes: true.",
        per_checked_chain(lambda chain, _: not flag(chain.manager, "merge_slashes")),
    ),
    Check(
        "escaped_slashes",
        Severity.WARNING,
        "Envoy routes /a%2Fb as one segment, which a service may read as /a/b.",
        "Set path_with_escaped_slashes_action: REJECT_REQUEST.",
        per_checked_chain(_escaped_slashes),
    ),
    Check(
        "host_dot",
        Severity.WARNING,
        "The host shop.test. does not match the domain shop.test, and reaches the virtual host for "
        "*, or none.",
        "Set strip_trailing_host_dot: true.",
        per_checked_chain(_dots),
    ),
    Check(
        "host_port",
        Severity.WARNING,
        "The host shop.test:8080 does not match the domain shop.test, and reaches the virtual host "
        "for *, or none.",
        "Set ignore_port_in_host_matching: true in the route configuration.",
        per_checked_chain(_ports),
    ),
    Check(
        "domain_unreachable",
        Severity.WARNING,
        "Envoy removes port or final dot of the host, so no request matches this domain.",
        "Write the domain without port and final dot.",
        per_checked_chain(_unreachable),
    ),
    Check(
        "domain_wildcard",
        Severity.WARNING,
        "The wildcard does not end at a dot, so it matches names of others.",
        "Write *. before the name, and the name itself as another domain.",
        per_checked_chain(_wide),
    ),
    Check(
        "host_in_match",
        Severity.WARNING,
        "A route that matches the host header compares letter case and port, so SHOP.test can "
        "reach another route.",
        "Give the host a virtual host of its own, with its name in domains.",
        per_route(_host_in_match),
    ),
)
