"""Says which clients do not get into the gRPC port, and how to fix it.

An Envoy with a wrong token or certificate gets no answer, and its own log says little. So the
adapter's log has a line with the client's address and the fix, at most once a minute for each kind,
and `/readyz` mentions what happened in the last minutes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog

from adapter.runtime.clock import Clock
from adapter.telemetry.recent_counts import MINUTES, RecentCounts

FIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unauthenticated": "send listener.token as x-adapter-token in initial_metadata of both "
        "Envoy's ext_authz filter and its access log",
        "stream_unauthenticated": "Envoy's access log does not get in, so analytics lack its "
        "requests: send listener.token as x-adapter-token in initial_metadata of the access "
        "logger. The log providers of Istio and Envoy Gateway cannot send it: use mutual TLS "
        "(listener.tls_client_ca_file) in place of the token, or patch what they render",
        "unknown_method": "use transport_api_version: V3, and analytics.enabled: true if the "
        "method is StreamAccessLogs",
        "not_grpc": "use grpc_service in Envoy's ext_authz filter, not http_service",
        "http1": "give Envoy's cluster explicit_http_config with http2_protocol_options; the "
        "adapter speaks gRPC only",
        "no_http2": "let only Envoy connect; the adapter speaks gRPC only",
        "no_alpn": "give Envoy's cluster explicit_http_config with http2_protocol_options, so that "
        "its TLS offers h2 by ALPN",
        "unexpected_tls": "set listener.tls_certificate_file and tls_key_file, or remove "
        "transport_socket from Envoy's cluster",
        "no_tls": "give Envoy's cluster a transport_socket with UpstreamTlsContext; "
        "envoy-config --adapter-ca-file writes it",
        "tls_certificate_missing": "give Envoy a certificate that listener.tls_client_ca_file "
        "trusts; envoy-config --certificate-file and --key-file write it",
        "tls_certificate_not_trusted": "have Envoy's certificate signed by a CA in "
        "listener.tls_client_ca_file, and check that it has not expired",
        "tls_our_certificate_refused": "let Envoy trust the CA of listener.tls_certificate_file, "
        "and let that certificate name the address by which Envoy calls the adapter",
        "tls_mismatch": "allow TLS 1.2 or 1.3 with ECDHE and AES-GCM or CHACHA20 in Envoy's "
        "UpstreamTlsContext",
    }
)
"""What to do, by kind: see `transport.http2.limits.REFUSALS`."""


class RefusedCallers:
    """Logs refused clients, and counts those of the last minutes. It is bounded by the kinds."""

    def __init__(self, clock: Clock) -> None:
        self._recent = RecentCounts(clock)
        self._log = structlog.get_logger()

    def add(self, kind: str, peer: str, detail: str) -> None:
        """Report a client that did not get in."""
        suppressed = self._recent.add(kind)
        if suppressed is not None:
            self._log.warning(
                "transport.caller_refused",
                kind=kind,
                peer=peer,
                detail=detail,
                suppressed=suppressed,
                fix=FIXES[kind],
            )

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by kind."""
        return {
            f"refused {kind}": f"in the last {MINUTES} minutes {count:,} connections or calls "
            f"were refused: {kind}; {FIXES[kind]}"
            for kind, count in self._recent.counts.items()
        }
