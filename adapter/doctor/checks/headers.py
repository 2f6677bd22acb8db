"""Request headers: forged identities, and what Envoy lets through."""

from collections.abc import Iterator

from adapter.doctor.check import Check, Spot, per_checked_chain
from adapter.doctor.checks.header_mutations import mutations_before_check, removes
from adapter.doctor.fields import Tree, flag, number, text, texts, tree, trees
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Chain, Envoy

_MOST_HEADERS = 250
_MOST_KB = 128
_REFUSING = frozenset({"REJECT_REQUEST", "DROP_HEADER"})
_FORWARDING = frozenset({"FORWARD_ONLY", "ALWAYS_FORWARD_ONLY", "APPEND_FORWARD"})


def _underscores(chain: Chain) -> str:
    options = tree(chain.manager, "common_http_protocol_options")
    return text(options, "headers_with_underscores_action")


def _forgeable(chain: Chain, adapter: KnownAdapter) -> str:
    """Names that a client could send and a service could take for ours."""
    prefix = adapter.header_prefix
    names = [f"{prefix}client-id", f"{prefix}any-name"]
    if _underscores(chain) not in _REFUSING:
        names += [name.replace("-", "_") for name in names]
    mutations = list(mutations_before_check(chain))
    return ", ".join(n for n in names if not any(removes(m, n) for m in mutations))


def _changed_later(envoy: Envoy, adapter: KnownAdapter) -> Iterator[Spot]:
    """Routes and virtual hosts change headers after all filters."""
    for chain in envoy.chains:
        if names := _changed(chain.route_config, adapter):
            yield chain.place, names
        for host, route in chain.routes:
            changed = filter(
                None, (_changed(host.config, adapter), _changed(route.config, adapter))
            )
            if names := ", ".join(changed):
                yield chain.place_of(host, route), names


def _changed(config: Tree, adapter: KnownAdapter) -> str:
    added = [text(tree(o, "header"), "key") for o in trees(config, "request_headers_to_add")]
    names = [name.lower() for name in (*added, *texts(config, "request_headers_to_remove"))]
    return ", ".join(name for name in names if name.startswith(adapter.header_prefix))


def _refuses_underscores(chain: Chain, _: KnownAdapter) -> str | None:
    return _underscores(chain) if _underscores(chain) in _REFUSING else None


def _too_many(chain: Chain, _: KnownAdapter) -> str | None:
    options = tree(chain.manager, "common_http_protocol_options")
    most = number(options, "max_headers_count") or 0
    return f"max_headers_count: {most:.0f}" if most > _MOST_HEADERS else None


def _too_long(chain: Chain, _: KnownAdapter) -> str | None:
    most = number(chain.manager, "max_request_headers_kb") or 0
    return f"max_request_headers_kb: {most:.0f}" if most > _MOST_KB else None


def _chunked_length(chain: Chain, _: KnownAdapter) -> bool:
    return flag(tree(chain.manager, "http_protocol_options"), "allow_chunked_length")


def _certificate(chain: Chain, _: KnownAdapter) -> str | None:
    details = text(chain.manager, "forward_client_cert_details")
    return details if details in _FORWARDING else None


CHECKS = (
    Check(
        "identity_headers",
        Severity.WARNING,
        "A client can send headers that services take for the identity that the adapter sets.",
        "Add a header_mutation filter before ext_authz whose remove_on_match covers the prefix, "
        "with any character in place of its dashes.",
        per_checked_chain(_forgeable),
    ),
    Check(
        "identity_header_changed",
        Severity.ERROR,
        "After the Check, Envoy changes a header with which the adapter tells services who calls.",
        "Remove the header from request_headers_to_add and request_headers_to_remove.",
        _changed_later,
    ),
    Check(
        "underscores",
        Severity.WARNING,
        "Envoy refuses or drops headers with underscores, and client_id and client_secret are "
        "such headers.",
        "Remove headers_with_underscores_action, or use other header names in your policies.",
        per_checked_chain(_refuses_underscores),
    ),
    Check(
        "header_count",
        Severity.WARNING,
        f"The adapter denies requests with more than {_MOST_HEADERS} headers.",
        f"Set max_headers_count to at most {_MOST_HEADERS}.",
        per_checked_chain(_too_many),
    ),
    Check(
        "header_size",
        Severity.WARNING,
        f"The adapter denies requests with more than {_MOST_KB} KiB of headers.",
        f"Set max_request_headers_kb to at most {_MOST_KB}.",
        per_checked_chain(_too_long),
    ),
    Check(
        "chunked_length",
        Severity.WARNING,
        "A request with both content-length and transfer-encoding can be read as two requests.",
        "Remove allow_chunked_length from http_protocol_options.",
        per_checked_chain(_chunked_length),
    ),
    Check(
        "client_certificate_header",
        Severity.WARNING,
        "Services get an x-forwarded-client-cert header that a client may have written.",
        "Set forward_client_cert_details: SANITIZE_SET, or remove it.",
        per_checked_chain(_certificate),
    ),
)
