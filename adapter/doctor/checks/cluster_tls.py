"""TLS between Envoy and the adapters."""

import ipaddress

from adapter.doctor.check import Check, per_cluster
from adapter.doctor.fields import Tree, text, texts, tree, trees, unwrapped
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Cluster

_CONTEXT = ".UpstreamTlsContext"


def _common(cluster: Cluster) -> Tree:
    """`common_tls_context`; empty without TLS."""
    context = unwrapped(tree(cluster.config, "transport_socket", "typed_config"))
    return tree(context, "common_tls_context") if _has_tls(cluster) else {}


def _has_tls(cluster: Cluster) -> bool:
    context = unwrapped(tree(cluster.config, "transport_socket", "typed_config"))
    return text(context, "@type").endswith(_CONTEXT)


def _validation(cluster: Cluster) -> Tree:
    common = _common(cluster)
    combined = tree(common, "combined_validation_context", "default_validation_context")
    return tree(common, "validation_context") or combined


def _is_validated_elsewhere(cluster: Cluster) -> bool:
    """Whether the CAs come from a secret discovery service, which is not read here."""
    names = ("validation_context_sds_secret_config", "combined_validation_context")
    return any(name in _common(cluster) for name in names)


def _is_remote(address: Tree) -> bool:
    host = text(tree(address, "socket_address"), "address")
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return bool(host) and host != "localhost"


def _plain(cluster: Cluster, _: KnownAdapter) -> bool:
    is_other = bool(tree(cluster.config, "transport_socket"))
    return not is_other and any(map(_is_remote, cluster.addresses))


def _unverified(cluster: Cluster, _: KnownAdapter) -> bool:
    trusted = tree(_validation(cluster), "trusted_ca")
    is_verified = bool(trusted) or _is_validated_elsewhere(cluster)
    return _has_tls(cluster) and not is_verified


def _any_name(cluster: Cluster, _: KnownAdapter) -> bool:
    validation = _validation(cluster)
    names = trees(validation, "match_typed_subject_alt_names") + trees(
        validation, "match_subject_alt_names"
    )
    return bool(tree(validation, "trusted_ca")) and not names


def _no_alpn(cluster: Cluster, _: KnownAdapter) -> bool:
    return _has_tls(cluster) and "h2" not in texts(_common(cluster), "alpn_protocols")


def _no_certificate(cluster: Cluster, adapter: KnownAdapter) -> bool:
    common = _common(cluster)
    shows = "tls_certificates" in common or "tls_certificate_sds_secret_configs" in common
    return adapter.asks_for_certificate and _has_tls(cluster) and not shows


CHECKS = (
    Check(
        "tls_missing",
        Severity.ERROR,
        "The adapter serves TLS (listener.tls_certificate_file), and Envoy does not use it.",
        "Add a transport_socket with UpstreamTlsContext to the cluster.",
        per_cluster(lambda cluster, adapter: adapter.serves_tls and not _has_tls(cluster)),
    ),
    Check(
        "tls_unexpected",
        Severity.ERROR,
        "Envoy uses TLS, and the adapter does not serve it.",
        "Set listener.tls_certificate_file and listener.tls_key_file, or remove transport_socket.",
        per_cluster(
            lambda cluster, adapter: (
                adapter.has_settings and not adapter.serves_tls and _has_tls(cluster)
            )
        ),
    ),
    Check(
        "tls_plain",
        Severity.NOTE,
        "Checks, with the clients' credentials and the token, cross the network without TLS.",
        "Use TLS, unless the network is private: see Configuration, TLS between Envoy and the "
        "adapter.",
        per_cluster(_plain),
    ),
    Check(
        "tls_unverified",
        Severity.ERROR,
        "Envoy does not verify the adapter's certificate, so anybody on the way can answer Checks.",
        "Set validation_context.trusted_ca.",
        per_cluster(_unverified),
    ),
    Check(
        "tls_any_name",
        Severity.WARNING,
        "Envoy accepts every certificate that the CA has signed, also those of other servers.",
        "Set match_typed_subject_alt_names to the names or addresses of the adapters.",
        per_cluster(_any_name),
    ),
    Check(
        "tls_alpn",
        Severity.ERROR,
        "Health checks do not ask for HTTP/2, so the adapter refuses them and stays unhealthy.",
        "Set alpn_protocols: [h2].",
        per_cluster(_no_alpn),
    ),
    Check(
        "tls_certificate",
        Severity.ERROR,
        "The adapter asks for a certificate (listener.tls_client_ca_file), and Envoy has none to "
        "show.",
        "Set tls_certificates in common_tls_context.",
        per_cluster(_no_certificate),
    ),
)
