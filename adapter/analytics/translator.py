# mypyc: compiled
"""Envoy's access log entries, translated into API events.

What Envoy logs when was measured with Envoy 1.36 to 1.40. Reading raises DecodeError, a moment
that no clock shows ValueError: such an entry is broken.
"""

from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from mypy_extensions import i64

from adapter.analytics.bounded_memo import BoundedMemo
from adapter.analytics.entry.entry import FINAL, TCP_CONNECTION_END, Entry
from adapter.analytics.entry.reader import EntryReader
from adapter.analytics.event import EventEncoder, Subject, subject_of
from adapter.analytics.observer import Unattributed
from adapter.authorization.decision_record import DecisionRecord
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
_LAST_SECOND: Final = 253_402_300_799
"""Of the year 9999."""

NO_STATUS: Final = 0
"""A TCP connection has no HTTP status."""

_RECORD_BYTES: Final = 4096
_REMEMBERED: Final = 4096
"""Of each: the least for a gateway's usual clients, and bounded where clients choose the text."""

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
        self._encoder = encoder
        self._reader = EntryReader()
        self._include_client_ip = include_client_ip
        self._include_backend_time = include_backend_time
        self._subjects = BoundedMemo(_read_subject, _REMEMBERED)
        self._addresses_json = BoundedMemo(_address_json, _REMEMBERED)
        self._user_agents_json = BoundedMemo(_user_agent_json, _REMEMBERED)

    def http(self, octets: bytes, event_id: str) -> bytes | Unattributed | None:
        """Translate an entry of `http_logs`; a network filter's TCP connections come here too."""
        entry = self._reader.http(octets)
        if entry.access_log_type not in FINAL:
            return None
        if entry.access_log_type == TCP_CONNECTION_END:
            return self._connection(
                event_id, entry, entry.wire_received_bytes, entry.wire_sent_bytes
            )
        return self._exchange(event_id, entry)

    def tcp(self, octets: bytes, event_id: str) -> bytes | Unattributed | None:
        """Translate an entry of `tcp_logs`."""
        entry = self._reader.tcp(octets)
        if entry.access_log_type not in FINAL:
            return None
        return self._connection(event_id, entry, entry.received_bytes, entry.sent_bytes)

    def _connection(
        self, event_id: str, entry: Entry, received_bytes: int, sent_bytes: int
    ) -> bytes | Unattributed:
        return self._event(
            event_id,
            entry,
            _TCP,
            b"",
            "",
            '""',
            NO_STATUS,
            received_bytes,
            sent_bytes,
            failed=False,
        )

    def _exchange(self, event_id: str, entry: Entry) -> bytes | Unattributed:
        verb = _METHODS.get(entry.request_method, _OTHER_METHOD)
        return self._event(
            event_id,
            entry,
            verb,
            entry.authority,
            _text(entry.path, PATH_CHARACTERS),
            self._user_agents_json[_cut(entry.user_agent, _USER_AGENT_BYTES)],
            self._refusal(entry) or _status_code(entry),
            entry.received_bytes,
            entry.sent_bytes,
            failed=entry.refused and entry.response_code_details != b"ext_authz_denied",
        )

    def _refusal(self, entry: Entry) -> int:
        """The status of the adapter's refusal; 0 where there is none, or nobody was told.

        Envoy logs another one where it sends another one: 200 to clients that speak gRPC, which is
        whoever sends gRPC's content type, with any method.
        """
        if entry.refused and entry.response_code:
            return self._subjects[entry.record].status
        return 0

    def _event(
        self,
        event_id: str,
        entry: Entry,
        verb: str,
        authority: bytes,
        path: str,
        user_agent_json: str,
        status_code: int,
        request_bytes: int,
        response_bytes: int,
        *,
        failed: bool,
    ) -> bytes | Unattributed:
        """The event; `failed`: Envoy got no usable answer to its Check."""
        subject = self._subject(entry.record)
        if not subject.record.api_id:
            found = self._attributed(
                subject.record, entry, authority, path, status_code, failed=failed
            )
            if isinstance(found, Unattributed):
                return found
            subject = found
        return self._encoder.encode(
            event_id,
            subject.blocked if entry.refused else subject.processed,
            _text(entry.stream_id, TRANSACTION_ID_CHARACTERS),
            _received_ms(entry),
            _response_ms(entry, status_code),
            entry.backend_ms if self._include_backend_time else None,
            self._client_ip_json(entry),
            verb,
            path,
            status_code,
            user_agent_json,
            request_bytes,
            response_bytes,
        )

    def _subject(self, record: bytes) -> Subject:
        """What the record says; remembered where it is no longer than ours are."""
        return self._subjects[record] if len(record) <= _RECORD_BYTES else _read_subject(record)

    def _attributed(
        self,
        record: DecisionRecord,
        entry: Entry,
        authority: bytes,
        path: str,
        status_code: int,
        *,
        failed: bool,
    ) -> Subject | Unattributed:
        """The subject with the API that the operator's bindings name."""
        route_name = _text(entry.route_name, ROUTE_NAME_CHARACTERS)
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

    def _client_ip_json(self, entry: Entry) -> str:
        if not self._include_client_ip:
            return "null"
        return self._addresses_json[_cut(entry.remote_address, _ADDRESS_BYTES)]


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


def _status_code(entry: Entry) -> int:
    """The status in HTTP's words; Envoy logs 200 for every gRPC answer.

    The real one is in `grpc-status`, if the operator logs that header and trailer (an answer
    without a body has it among the headers). Without it, a refused call is at least no success.
    """
    status = entry.response_code
    if status == 0:
        return CLIENT_CLOSED_REQUEST
    if status != 200:
        return status
    grpc_status = entry.grpc_status
    if grpc_status is not None:
        return _STATUS_OF_GRPC.get(grpc_status, 500)
    return 403 if entry.refused else status


def _received_ms(entry: Entry) -> int:
    if not 0 < entry.start_seconds <= _LAST_SECOND:
        raise ValueError("the entry has no start_time that a calendar shows")
    seconds: i64 = entry.start_seconds
    nanos: i64 = entry.start_nanos
    return seconds * 1000 + nanos // 1_000_000


def _response_ms(entry: Entry, status_code: int) -> int:
    """A WebSocket's entry comes at its end: its answer is the handshake, not the session."""
    if status_code == 101:
        return entry.first_sent_ms
    return entry.duration_ms or entry.last_sent_ms


def _text(raw: bytes, limit: int) -> str:
    """At most `limit` characters; bytes that are not UTF-8 become U+FFFD."""
    text = _cut(raw, _MOST_BYTES * limit).decode("utf-8", "replace")
    return text if len(text) <= limit else text[:limit]


def _cut(raw: bytes, limit: int) -> bytes:
    return raw if len(raw) <= limit else raw[:limit]
