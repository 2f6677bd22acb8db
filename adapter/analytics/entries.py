"""Envoy's access log entries, translated into API events.

What Envoy logs when was measured with Envoy 1.36 to 1.40; the field names are those of
envoy.data.accesslog.v3. Parsing raises DecodeError, a moment that no clock shows ValueError: such
an entry is broken.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from google.protobuf.duration_pb2 import Duration

from adapter.analytics.event import ApiEvent
from adapter.analytics.observer import Unattributed
from adapter.authorization.record import ANSWERED, DecisionRecord
from adapter.messages import access_log_pb2 as pb
from adapter.policy.catalog import ApiInstance

Attribute = Callable[[str, str, str], ApiInstance | None]
"""The API that a route name, an authority and a path (without query) are bound to, if any."""

PATH_CHARACTERS: Final = 500
USER_AGENT_CHARACTERS: Final = 500
TRANSACTION_ID_CHARACTERS: Final = 128
ROUTE_NAME_CHARACTERS: Final = 500
ADDRESS_CHARACTERS: Final = 64

CLIENT_CLOSED_REQUEST: Final = 499
"""Widely used for a client that left before its answer; Envoy logs 0."""
NO_STATUS: Final = 0
"""A TCP connection has no HTTP status."""

_FILTERS: Final = (b"envoy.filters.http.ext_authz", b"envoy.filters.network.ext_authz")
_DURATION_FIELD: Final = b"\n\x12ext_authz_duration"
"""How Envoy's own addition to our metadata begins on the wire; it differs for every request."""
_DURATION_SIZE: Final = len(_DURATION_FIELD)
_REMEMBERED_RECORDS: Final = 4096
_REMEMBERED_FIELDS: Final = 4096

_FINAL: Final = frozenset({pb.NOT_SET, pb.TCP_CONNECTION_END, pb.DOWNSTREAM_END})
"""The one entry that every request ends with; the others are reports on the way."""

_EXTERNAL_SERVICE: Final = 1
_METHODS: Final = {
    1: "GET",
    2: "HEAD",
    3: "POST",
    4: "PUT",
    5: "DELETE",
    6: "CONNECT",
    7: "OPTIONS",
    8: "TRACE",
    9: "PATCH",
}
_OTHER_METHOD: Final = "UNKNOWN"
"""Envoy numbers no other method, and none of a request that it could not parse."""
_TCP: Final = "TCP"

_STATUS_BY_GRPC: Final = (
    200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401
)  # fmt: skip
_STATUS_OF_GRPC: Final = {str(n).encode(): status for n, status in enumerate(_STATUS_BY_GRPC)}
"""HTTP's word for each gRPC status (comments of google/rpc/code.proto)."""

_NOTHING: Final = DecisionRecord()


class _Exchange(NamedTuple):
    """What HTTP requests and TCP connections differ in."""

    verb: str = _TCP
    authority: bytes = b""
    path: str = ""
    user_agent: str = ""
    status_code: int = NO_STATUS
    request_bytes: int = -1
    response_bytes: int = -1
    error: bool = False
    """Envoy got no usable answer to its Check."""


class EntryTranslator:
    """Translates entries, one by one, without any effect.

    The decision is read from the entry's metadata; where it names no API, `attribute` is asked.
    Answers `None` for entries that report on a request that goes on.
    """

    def __init__(
        self,
        attribute: Attribute,
        *,
        include_client_ip: bool = True,
        include_backend_time: bool = False,
    ) -> None:
        self._attribute = attribute
        self._include_client_ip = include_client_ip
        self._include_backend_time = include_backend_time
        self._field = lru_cache(maxsize=_REMEMBERED_FIELDS)(_field)
        self._record = lru_cache(maxsize=_REMEMBERED_RECORDS)(self._read_record)

    def http(self, entry: bytes, event_id: str) -> ApiEvent | Unattributed | None:
        """Translate an entry of `http_logs`; a network filter's TCP connections come here too."""
        log = pb.HttpEntry.FromString(entry)
        common = log.common_properties
        if common.access_log_type not in _FINAL:
            return None
        refused = _refused(common)
        if common.access_log_type == pb.TCP_CONNECTION_END:
            return self._event(event_id, common, _connection(common), blocked=refused)
        exchange = _http_exchange(log.request, log.response, blocked=refused)
        return self._event(event_id, common, exchange, blocked=refused)

    def tcp(self, entry: bytes, event_id: str) -> ApiEvent | Unattributed | None:
        """Translate an entry of `tcp_logs`."""
        log = pb.TcpEntry.FromString(entry)
        common = log.common_properties
        if common.access_log_type not in _FINAL:
            return None
        counted = log.connection_properties
        exchange = _Exchange(
            request_bytes=counted.received_bytes, response_bytes=counted.sent_bytes
        )
        return self._event(event_id, common, exchange, blocked=_refused(common))

    def _event(
        self, event_id: str, common: pb.CommonProperties, exchange: _Exchange, *, blocked: bool
    ) -> ApiEvent | Unattributed:
        record = self._record_of(common)
        if not record.api_id:
            attributed = self._attributed(record, common, exchange)
            if isinstance(attributed, Unattributed):
                return attributed
            record = attributed
        return ApiEvent(
            event_id,
            record,
            # Envoy flags whatever the adapter answers as unauthorized, a CORS preflight too.
            blocked and record.reason != ANSWERED,
            _received_ms(common),
            _response_ms(common, exchange.status_code),
            _backend_ms(common) if self._include_backend_time else None,
            self._client_ip(common),
            exchange.verb,
            exchange.path,
            exchange.status_code,
            exchange.user_agent,
            exchange.request_bytes,
            exchange.response_bytes,
            _text(common.stream_id, TRANSACTION_ID_CHARACTERS),
        )

    def _record_of(self, common: pb.CommonProperties) -> DecisionRecord:
        """What we said of this request; empty where the entry does not tell."""
        for metadata in common.metadata.filter_metadata:
            if metadata.key in _FILTERS:
                # `[:]` and the comparison of slices take half the time of a loop with startswith.
                fields = pb.Struct.FromString(metadata.value).fields[:]
                ours = [field for field in fields if field[:_DURATION_SIZE] != _DURATION_FIELD]
                return self._record(frozenset(ours))
        return _NOTHING

    def _read_record(self, fields: frozenset[bytes]) -> DecisionRecord:
        """Read a record from the fields of a Struct, each as it was on the wire.

        Envoy writes them in any order. Of a client that was not remembered most fields still are.
        """
        return DecisionRecord.from_metadata(dict(map(self._field, fields)))

    def _attributed(
        self, record: DecisionRecord, common: pb.CommonProperties, exchange: _Exchange
    ) -> DecisionRecord | Unattributed:
        """The record with the API that the operator's bindings name."""
        route_name = _text(common.route_name, ROUTE_NAME_CHARACTERS)
        authority = exchange.authority.decode(errors="replace")
        api = self._attribute(route_name, authority, exchange.path)
        if api is not None:
            return record._replace(api_id=api.api_id, api_name=api.name, api_version=api.version)
        if record.reason:
            return Unattributed.UNBOUND
        if exchange.error:
            return Unattributed.AUTHORIZATION_ERROR
        if exchange.status_code == CLIENT_CLOSED_REQUEST:
            return Unattributed.CLIENT_ABORT
        return Unattributed.UNCHECKED

    def _client_ip(self, common: pb.CommonProperties) -> str | None:
        if not self._include_client_ip:
            return None
        address = common.downstream_remote_address.socket_address.address
        return _text(address, ADDRESS_CHARACTERS) or None


def _field(octets: bytes) -> tuple[str, str]:
    field = pb.Field.FromString(octets)
    return field.key.decode(), field.value.string_value.decode(errors="replace")


def _refused(common: pb.CommonProperties) -> bool:
    """Whether ext_authz ended it: Envoy's flag UAEX, set for denials and for errors alike."""
    return common.response_flags.unauthorized_details.reason == _EXTERNAL_SERVICE


def _connection(common: pb.CommonProperties) -> _Exchange:
    return _Exchange(
        request_bytes=common.downstream_wire_bytes_received,
        response_bytes=common.downstream_wire_bytes_sent,
    )


def _http_exchange(
    request: pb.RequestProperties, response: pb.ResponseProperties, *, blocked: bool
) -> _Exchange:
    verb = _METHODS.get(request.request_method, _OTHER_METHOD)
    details = response.response_code_details
    return _Exchange(
        verb,
        request.authority,
        _text(request.path.partition(b"?")[0], PATH_CHARACTERS),
        _text(request.user_agent, USER_AGENT_CHARACTERS),
        _status_code(response, may_be_grpc=verb == "POST", blocked=blocked),
        request.request_body_bytes,
        response.response_body_bytes,
        blocked and details != b"ext_authz_denied",
    )


def _status_code(response: pb.ResponseProperties, *, may_be_grpc: bool, blocked: bool) -> int:
    """The status in HTTP's words; Envoy logs 200 for every gRPC answer, a denial too.

    The real one is in `grpc-status`, if the operator logs that header and trailer (an answer
    without a body has it among the headers). Without it, a denied call is at least no success.
    """
    status: int = response.response_code.value
    if status == 0:
        return CLIENT_CLOSED_REQUEST
    if status != 200 or not may_be_grpc:
        return status
    for headers in (response.response_trailers, response.response_headers):
        for header in headers:
            if header.key == b"grpc-status":
                return _STATUS_OF_GRPC.get(header.value, 500)
    return 403 if blocked else status


def _received_ms(common: pb.CommonProperties) -> int:
    start = common.start_time
    if start.seconds <= 0:
        raise ValueError("the entry has no start_time")
    return int(start.seconds * 1000 + start.nanos // 1_000_000)


def _response_ms(common: pb.CommonProperties, status_code: int) -> int:
    """A WebSocket's entry comes at its end: its answer is the handshake, not the session."""
    if status_code == 101:
        return _milliseconds(common.time_to_first_downstream_tx_byte)
    return _milliseconds(common.duration) or _milliseconds(common.time_to_last_downstream_tx_byte)


def _backend_ms(common: pb.CommonProperties) -> int | None:
    """None where no backend was asked, or none answered."""
    if not common.HasField("time_to_last_upstream_rx_byte"):
        return None
    first = _milliseconds(common.time_to_first_upstream_tx_byte)
    return max(_milliseconds(common.time_to_last_upstream_rx_byte) - first, 0)


def _milliseconds(duration: Duration) -> int:
    return max((duration.seconds * 1_000_000_000 + duration.nanos + 500_000) // 1_000_000, 0)


def _text(raw: bytes, limit: int) -> str:
    """At most `limit` characters; bytes that are not UTF-8 become U+FFFD."""
    return raw[: 4 * limit].decode(errors="replace")[:limit]
