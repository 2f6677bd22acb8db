"""Envoy's access log entries, translated into API events.

What Envoy logs when was measured with Envoy 1.36 to 1.40; the field names are those of
envoy.data.accesslog.v3. Parsing raises DecodeError, a moment that no clock shows ValueError: such
an entry is broken.
"""

from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from google.protobuf.duration_pb2 import Duration

from adapter.analytics.event import EventEncoder, Subject, subject_of
from adapter.analytics.observer import Unattributed
from adapter.authorization.record import DecisionRecord
from adapter.messages import access_log_pb2 as pb
from adapter.policy.catalog import ApiInstance

Attribute = Callable[[str, str, str], ApiInstance | None]
"""The API that a route name, an authority and a path (without query) are bound to, if any."""

PATH_CHARACTERS: Final = 500
USER_AGENT_CHARACTERS: Final = 500
TRANSACTION_ID_CHARACTERS: Final = 128
ROUTE_NAME_CHARACTERS: Final = 500
ADDRESS_CHARACTERS: Final = 64
_MOST_BYTES: Final = 4
"""Of a character in UTF-8."""
_USER_AGENT_BYTES: Final = _MOST_BYTES * USER_AGENT_CHARACTERS
_ADDRESS_BYTES: Final = _MOST_BYTES * ADDRESS_CHARACTERS

CLIENT_CLOSED_REQUEST: Final = 499
"""Widely used for a client that left before its answer; Envoy logs 0."""
NO_STATUS: Final = 0
"""A TCP connection has no HTTP status."""

_FILTERS: Final = (b"envoy.filters.http.ext_authz", b"envoy.filters.network.ext_authz")
_DURATION_FIELD: Final = b"\n\x12ext_authz_duration"
"""How Envoy's own addition to our metadata begins on the wire; it differs for every request."""
_REMEMBERED: Final = 4096
"""Of each: the least for a gateway's usual clients, and bounded where clients choose the text."""

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


class EntryTranslator:
    """Translates entries, one by one, without any effect.

    The decision is read from the entry's metadata; where it names no API, `attribute` is asked.
    Answers the event as JSON, and `None` for entries that report on a request that goes on.
    """

    def __init__(
        self,
        attribute: Attribute,
        encoder: EventEncoder,
        *,
        include_client_ip: bool = True,
        include_backend_time: bool = False,
    ) -> None:
        self._bound_api = attribute
        self._encode = encoder.encode
        self._include_client_ip = include_client_ip
        self._include_backend_time = include_backend_time
        remember = lru_cache(maxsize=_REMEMBERED)
        self._subject = remember(_read_subject)
        self._address_json = remember(_address_json)
        self._user_agent_json = remember(_user_agent_json)

    def http(self, entry: bytes, event_id: str) -> bytes | Unattributed | None:
        """Translate an entry of `http_logs`; a network filter's TCP connections come here too."""
        log = pb.HttpEntry.FromString(entry)
        common = log.common_properties
        entry_type = common.access_log_type
        if entry_type not in _FINAL:
            return None
        if entry_type == pb.TCP_CONNECTION_END:
            received, sent = (
                common.downstream_wire_bytes_received,
                common.downstream_wire_bytes_sent,
            )
            return self._connection(event_id, common, received, sent)
        return self._exchange(event_id, common, log.request, log.response)

    def tcp(self, entry: bytes, event_id: str) -> bytes | Unattributed | None:
        """Translate an entry of `tcp_logs`."""
        log = pb.TcpEntry.FromString(entry)
        common = log.common_properties
        if common.access_log_type not in _FINAL:
            return None
        counted = log.connection_properties
        return self._connection(event_id, common, counted.received_bytes, counted.sent_bytes)

    def _connection(
        self, event_id: str, common: pb.CommonProperties, received_bytes: int, sent_bytes: int
    ) -> bytes | Unattributed:
        return self._event(
            event_id, common, _TCP, b"", "", '""', NO_STATUS, received_bytes, sent_bytes,
            blocked=_refused(common),
        )  # fmt: skip

    def _exchange(
        self,
        event_id: str,
        common: pb.CommonProperties,
        request: pb.RequestProperties,
        response: pb.ResponseProperties,
    ) -> bytes | Unattributed:
        verb = _METHODS.get(request.request_method, _OTHER_METHOD)
        blocked = _refused(common)
        return self._event(
            event_id,
            common,
            verb,
            request.authority,
            _text(request.path.partition(b"?")[0], PATH_CHARACTERS),
            self._user_agent_json(request.user_agent[:_USER_AGENT_BYTES]),
            _status_code(response, may_be_grpc=verb == "POST", blocked=blocked),
            request.request_body_bytes,
            response.response_body_bytes,
            blocked=blocked,
            failed=blocked and response.response_code_details != b"ext_authz_denied",
        )

    def _event(
        self,
        event_id: str,
        common: pb.CommonProperties,
        verb: str,
        authority: bytes,
        path: str,
        user_agent_json: str,
        status_code: int,
        request_bytes: int,
        response_bytes: int,
        *,
        blocked: bool,
        failed: bool = False,
    ) -> bytes | Unattributed:
        """The event; `failed`: Envoy got no usable answer to its Check."""
        subject = self._subject(_fields(common))
        if not subject.record.api_id:
            found = self._attributed(
                subject.record, common, authority, path, status_code, failed=failed
            )
            if isinstance(found, Unattributed):
                return found
            subject = found
        return self._encode(
            event_id,
            subject.blocked if blocked else subject.processed,
            _text(common.stream_id, TRANSACTION_ID_CHARACTERS),
            _received_ms(common),
            _response_ms(common, status_code),
            _backend_ms(common) if self._include_backend_time else None,
            self._client_ip_json(common),
            verb,
            path,
            status_code,
            user_agent_json,
            request_bytes,
            response_bytes,
        )

    def _attributed(
        self,
        record: DecisionRecord,
        common: pb.CommonProperties,
        authority: bytes,
        path: str,
        status_code: int,
        *,
        failed: bool,
    ) -> Subject | Unattributed:
        """The subject with the API that the operator's bindings name."""
        route_name = _text(common.route_name, ROUTE_NAME_CHARACTERS)
        api = self._bound_api(route_name, authority.decode(errors="replace"), path)
        if api is not None:
            return subject_of(
                record._replace(api_id=api.api_id, api_name=api.name, api_version=api.version)
            )
        if record.reason:
            return Unattributed.UNBOUND
        if failed:
            return Unattributed.AUTHORIZATION_ERROR
        if status_code == CLIENT_CLOSED_REQUEST:
            return Unattributed.CLIENT_ABORT
        return Unattributed.UNCHECKED

    def _client_ip_json(self, common: pb.CommonProperties) -> str:
        if not self._include_client_ip:
            return "null"
        address = common.downstream_remote_address.socket_address.address
        return self._address_json(address[:_ADDRESS_BYTES])


def _fields(common: pb.CommonProperties) -> bytes:
    """What we said of this request, as it was on the wire; empty where the entry does not tell.

    Sorted, since Envoy writes the fields in any order, and without what differs every time.
    """
    for metadata in common.metadata.filter_metadata:
        if metadata.key in _FILTERS:
            fields = pb.Struct.FromString(metadata.value).fields[:]
            fields.sort()
            place = bisect_left(fields, _DURATION_FIELD)
            if place < len(fields) and fields[place].startswith(_DURATION_FIELD):
                del fields[place]
            return b"".join(fields)
    return b""


def _read_subject(fields: bytes) -> Subject:
    """The subject of a record whose fields stand one after the other."""
    read = pb.Fields.FromString(fields)
    names = [key.decode() for key in read.key]
    values = [value.string_value.decode(errors="replace") for value in read.value]
    return subject_of(DecisionRecord.from_metadata(dict(zip(names, values, strict=True))))


def _address_json(raw: bytes) -> str:
    text = _text(raw, ADDRESS_CHARACTERS)
    return quoted(text) if text else "null"


def _user_agent_json(raw: bytes) -> str:
    return quoted(_text(raw, USER_AGENT_CHARACTERS))


def _refused(common: pb.CommonProperties) -> bool:
    """Whether ext_authz ended it: Envoy's flag UAEX, set for denials and for errors alike."""
    if not common.response_flags:
        return False
    flags = pb.ResponseFlags.FromString(common.response_flags)
    return flags.unauthorized_details.reason == _EXTERNAL_SERVICE


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
    return raw[: _MOST_BYTES * limit].decode(errors="replace")[:limit]
