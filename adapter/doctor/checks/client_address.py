"""Whether the client's address, which IP policies rely on, can be chosen by the client."""

from adapter.doctor.check import Check, per_checked_chain, per_checked_route
from adapter.doctor.checks.header_mutations import mutations_before_check, removes, value_set
from adapter.doctor.fields import flag, kind_of, number, tree, trees
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import REDACTED, Chain, Route, VirtualHost

_REMOTE = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
_PEER = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"


def attests(route: Route, chain: Chain) -> bool:
    """Whether the route says that Envoy overwrites the header with the address."""
    return any(
        route.extensions(asker.name).get("client_address") in {"attested", REDACTED}
        for asker in chain.askers
    )


def _uses_header(chain: Chain, adapter: KnownAdapter) -> bool:
    """Whether the adapter believes the header on some route."""
    if adapter.forwarded_for_position is not None:
        return False
    return adapter.trusts_address_header or any(attests(route, chain) for _, route in chain.routes)


def _header_value(chain: Chain, adapter: KnownAdapter) -> str | None:
    """What Envoy writes into the header before the Check; None if nothing; empty if removed."""
    value = None
    for mutation in mutations_before_check(chain):
        if removes(mutation, adapter.address_header):
            value = "" if value is not None else None
        written = value_set(mutation, adapter.address_header)
        value = value if written is None else written
    return value


def _not_overwritten(chain: Chain, adapter: KnownAdapter) -> bool:
    return _uses_header(chain, adapter) and _header_value(chain, adapter) is None


def _removed(chain: Chain, adapter: KnownAdapter) -> bool:
    return _uses_header(chain, adapter) and _header_value(chain, adapter) == ""


def _wrong_value(chain: Chain, adapter: KnownAdapter) -> bool:
    value = _header_value(chain, adapter)
    return _uses_header(chain, adapter) and bool(value) and value not in {_REMOTE, _PEER}


def _chosen(chain: Chain, adapter: KnownAdapter) -> str | None:
    """Without use_remote_address, Envoy takes its remote address from x-forwarded-for."""
    if flag(chain.manager, "use_remote_address"):
        return None
    if trees(chain.manager, "original_ip_detection_extensions"):
        return None
    if adapter.forwarded_for_position is not None:
        return "requests.forwarded_for_position"
    is_remote = _uses_header(chain, adapter) and _header_value(chain, adapter) == _REMOTE
    return adapter.address_header if is_remote else None


def _not_remote(chain: Chain, adapter: KnownAdapter) -> bool:
    # Istio's sidecars trust their peers in the mesh, and no object of Istio's changes that.
    is_sidecar = bool(chain.hosts) and all(h.name.startswith("inbound|") for h in chain.hosts)
    trusts_peers = not flag(chain.manager, "use_remote_address") and not is_sidecar
    return trusts_peers and not _chosen(chain, adapter)


def _hops(chain: Chain) -> int:
    return int(number(chain.manager, "xff_num_trusted_hops") or 0)


def _wrong_position(chain: Chain, adapter: KnownAdapter) -> str | None:
    position, hops = adapter.forwarded_for_position, _hops(chain)
    if position is None or position == 1 + hops:
        return None
    return f"position {position}, and {hops} trusted hops"


def _not_appended(chain: Chain, adapter: KnownAdapter) -> bool:
    return adapter.forwarded_for_position is not None and flag(chain.manager, "skip_xff_append")


def _filter_off(route: Route, _: VirtualHost, chain: Chain, adapter: KnownAdapter) -> str:
    """The mutation filters before the Check that a route turns off."""
    if not adapter.trusts_address_header and not attests(route, chain):
        return ""
    mutating = [f.name for f in chain.before_check if f.kind == "header_mutation"]
    return ", ".join(name for name in mutating if route.is_disabled_for(name))


def _trusted_hops(chain: Chain, _: KnownAdapter) -> str | None:
    return f"xff_num_trusted_hops: {_hops(chain)}" if _hops(chain) else None


def _own_detection(chain: Chain, _: KnownAdapter) -> str:
    extensions = trees(chain.manager, "original_ip_detection_extensions")
    kinds = [kind_of(tree(extension, "typed_config")) for extension in extensions]
    return ", ".join(kind for kind in kinds if kind != "xff")


def _unknown(route: Route, _: VirtualHost, chain: Chain, adapter: KnownAdapter) -> bool:
    is_known = adapter.trusts_address_header or adapter.forwarded_for_position is not None
    return not is_known and not attests(route, chain)


CHECKS = (
    Check(
        "address_not_overwritten",
        Severity.ERROR,
        "The adapter believes the header with the client's address, and a client can send it.",
        "Add a header_mutation filter before ext_authz that overwrites the header with "
        "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% (OVERWRITE_IF_EXISTS_OR_ADD).",
        per_checked_chain(_not_overwritten),
    ),
    Check(
        "address_filter_off",
        Severity.ERROR,
        "The route turns off the filter that overwrites the header with the client's address, and "
        "the adapter believes the header.",
        "Remove disabled: true for this filter from the route.",
        per_checked_route(_filter_off),
    ),
    Check(
        "address_removed",
        Severity.ERROR,
        "A later mutation removes the header with the client's address, so IP policies deny every "
        "request.",
        "Put the mutation that writes the header after the one that removes headers.",
        per_checked_chain(_removed),
    ),
    Check(
        "address_value",
        Severity.ERROR,
        "The header does not contain the plain address that Envoy knows.",
        "Write %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% into it.",
        per_checked_chain(_wrong_value),
    ),
    Check(
        "address_from_client",
        Severity.ERROR,
        "Without use_remote_address, the address comes from the client's own x-forwarded-for, so "
        "clients get round IP policies.",
        "Set use_remote_address: true, and xff_num_trusted_hops to the number of proxies in front.",
        per_checked_chain(_chosen),
    ),
    Check(
        "use_remote_address",
        Severity.WARNING,
        "Clients can choose x-forwarded-proto, x-request-id and other headers that only the first "
        "proxy may set.",
        "Set use_remote_address: true if this Envoy is the first proxy that you trust.",
        per_checked_chain(_not_remote),
    ),
    Check(
        "address_detection",
        Severity.WARNING,
        "An extension takes the client's address from a header that clients may send themselves.",
        "Remove original_ip_detection_extensions, or make sure that a proxy in front overwrites "
        "the header.",
        per_checked_chain(_own_detection),
    ),
    Check(
        "trusted_hops",
        Severity.NOTE,
        "Envoy believes this many entries of x-forwarded-for; with fewer proxies in front of it, "
        "clients choose their address.",
        "Set xff_num_trusted_hops to the number of proxies that append to x-forwarded-for.",
        per_checked_chain(_trusted_hops),
    ),
    Check(
        "forwarded_for_position",
        Severity.ERROR,
        "The adapter and Envoy read different entries of x-forwarded-for as the client.",
        "Set requests.forwarded_for_position to xff_num_trusted_hops plus 1.",
        per_checked_chain(_wrong_position),
    ),
    Check(
        "forwarded_for_not_appended",
        Severity.ERROR,
        "Envoy does not add its peer to x-forwarded-for, so the adapter reads an entry that the "
        "client wrote.",
        "Remove skip_xff_append.",
        per_checked_chain(_not_appended),
    ),
    Check(
        "address_unknown",
        Severity.WARNING,
        "IP policies deny every request of this route, because nobody attests the client's "
        "address.",
        "Add client_address: attested to its context_extensions, and the header_mutation filter "
        "that writes the header.",
        per_checked_route(_unknown),
    ),
)
