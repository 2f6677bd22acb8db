"""Access log messages as Envoy makes them, by Envoy's own definitions (xds-protos)."""

from collections.abc import Mapping

from envoy.data.accesslog.v3 import accesslog_pb2 as envoy
from envoy.service.accesslog.v3 import als_pb2 as als

from adapter.authorization.decision_record import DecisionRecord

HTTP_FILTER = "envoy.filters.http.ext_authz"
NETWORK_FILTER = "envoy.filters.network.ext_authz"

START_MS = 1_795_387_499_190

ALLOWED = DecisionRecord(
    api_id="15597",
    api_name="orders",
    api_version="1.0.0",
    client_id="d5acce41",
    client_name="Mobile app",
    contract_id="2211",
    sla_tier="gold",
    revision="17",
)
DENIED = ALLOWED._replace(reason="quota_exceeded", policy_id="77", policy_type="rate-limiting")


def http_entry(
    *,
    status: int = 200,
    path: str = "/orders/1",
    method: int = 1,
    record: DecisionRecord | None = ALLOWED,
    metadata_key: str = HTTP_FILTER,
    details: str = "via_upstream",
    refused: bool = False,
    duration_ms: float = 11,
    entry_type: int = envoy.AccessLogType.DownstreamEnd,
    headers: Mapping[str, str] | None = None,
    trailers: Mapping[str, str] | None = None,
) -> envoy.HTTPAccessLogEntry:
    """A request's entry; `refused` sets Envoy's flag UAEX."""
    entry = envoy.HTTPAccessLogEntry()
    common = entry.common_properties
    _fill(common, record, metadata_key, refused=refused)
    common.duration.FromMicroseconds(round(duration_ms * 1000))
    common.access_log_type = entry_type
    request = entry.request
    request.request_method = method
    request.scheme = "http"
    request.authority = "api.example.com"
    request.path = path
    request.user_agent = "curl/8.5"
    request.request_id = common.stream_id
    request.request_body_bytes = 12
    response = entry.response
    if status:
        response.response_code.value = status
    response.response_body_bytes = 369
    response.response_code_details = details
    response.response_headers.update(headers or {})
    response.response_trailers.update(trailers or {})
    return entry


def denied_entry(
    *, status: int = 429, method: int = 1, headers: Mapping[str, str] | None = None
) -> envoy.HTTPAccessLogEntry:
    """The entry of a request that a policy refused."""
    return http_entry(
        status=status,
        method=method,
        record=DENIED,
        details="ext_authz_denied",
        refused=True,
        headers=headers,
    )


def connection_entry(*, refused: bool = False) -> envoy.HTTPAccessLogEntry:
    """A TCP connection checked by the network filter, as it comes among HTTP entries."""
    entry = envoy.HTTPAccessLogEntry()
    common = entry.common_properties
    _fill(common, ALLOWED, NETWORK_FILTER, refused=refused)
    common.access_log_type = envoy.AccessLogType.TcpConnectionEnd
    common.downstream_wire_bytes_received = 100
    common.downstream_wire_bytes_sent = 200
    entry.request.SetInParent()
    entry.response.SetInParent()
    return entry


def tcp_entry() -> envoy.TCPAccessLogEntry:
    """An entry of the TCP access logger."""
    entry = envoy.TCPAccessLogEntry()
    _fill(entry.common_properties, ALLOWED, NETWORK_FILTER, refused=False)
    entry.common_properties.access_log_type = envoy.AccessLogType.TcpConnectionEnd
    entry.connection_properties.received_bytes = 7
    entry.connection_properties.sent_bytes = 8
    return entry


def message(*entries: envoy.HTTPAccessLogEntry) -> als.StreamAccessLogsMessage:
    """One message of a stream."""
    sent = als.StreamAccessLogsMessage()
    sent.http_logs.log_entry.extend(entries)
    return sent


def message_of(*entries: bytes) -> bytes:
    """One message with entries that need not be any good."""
    logs = b"".join(b"\x0a" + _varint(len(entry)) + entry for entry in entries)
    return b"\x12" + _varint(len(logs)) + logs


def _fill(
    common: envoy.AccessLogCommon,
    record: DecisionRecord | None,
    metadata_key: str,
    *,
    refused: bool,
) -> None:
    remote = common.downstream_remote_address.socket_address
    remote.address, remote.port_value = "8.8.8.8", 4432
    common.downstream_direct_remote_address.socket_address.address = "127.0.0.1"
    common.start_time.FromMilliseconds(START_MS)
    common.route_name = "main"
    common.stream_id = "1a03d4f1-86d3-4a3e-9d1a-0b3f6d1c2e4f"
    if record is not None:
        other = common.metadata.filter_metadata["envoy.filters.http.rbac"]
        other["shadow_engine_result"] = "allowed"
        metadata = common.metadata.filter_metadata[metadata_key]
        metadata.update(record.to_metadata())
        metadata["ext_authz_duration"] = 7
    if refused:
        reasons = envoy.ResponseFlags.Unauthorized.Reason
        common.response_flags.unauthorized_details.reason = reasons.Value("EXTERNAL_SERVICE")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
