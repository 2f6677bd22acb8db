"""Says which clients do not get into the gRPC port, and how to fix it.

An Envoy with a wrong token or certificate gets no answer, and its own log says little. So the
adapter's log has a line with the client's address and the fix, at most once a minute for each kind,
and `/readyz` mentions what happened in the last minutes.
"""

from collections import Counter, deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog

from adapter.runtime.clock import Clock, MonotonicTime

_LOG_INTERVAL_S: Final = 60.0
_MINUTES: Final = 5

FIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unauthenticated": "send listener.token as x-adapter-token in initial_metadata of both "
        "Envoy's ext_authz filter and its access log",
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
        self._clock = clock
        self._logged_at: dict[str, MonotonicTime] = {}
        self._suppressed: Counter[str] = Counter()
        self._minutes: deque[tuple[int, Counter[str]]] = deque(maxlen=_MINUTES + 1)
        self._log = structlog.get_logger()

    def add(self, kind: str, peer: str, detail: str) -> None:
        """Report a client that did not get in."""
        now = self._clock.monotonic()
        minute = int(now // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter()))
        self._minutes[-1][1][kind] += 1
        logged_at = self._logged_at.get(kind)
        if logged_at is not None and now - logged_at < _LOG_INTERVAL_S:
            self._suppressed[kind] += 1
            return
        self._logged_at[kind] = now
        self._log.warning(
            "transport.caller_refused",
            kind=kind,
            peer=peer,
            detail=detail,
            suppressed=self._suppressed.pop(kind, 0),
            fix=FIXES[kind],
        )

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by kind."""
        first = int(self._clock.monotonic() // 60) - _MINUTES
        counts: Counter[str] = Counter()
        for minute, of_minute in self._minutes:
            if minute > first:
                counts.update(of_minute)
        return {
            f"refused {kind}": f"in the last {_MINUTES} minutes {count:,} connections or calls "
            f"were refused: {kind}; {FIXES[kind]}"
            for kind, count in counts.items()
        }
