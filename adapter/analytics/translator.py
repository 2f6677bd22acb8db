# mypyc: compiled
"""Translates Envoy's access log entries into events.

What Envoy logs in which case was measured with Envoy 1.36 to 1.40.
"""

from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from mypy_extensions import i64

from adapter.analytics.attribution import Attribution, BoundApi
from adapter.analytics.bounded_memo import BoundedMemo
from adapter.analytics.client_text import cut, text
from adapter.analytics.entry.entry import FINAL, TCP_CONNECTION_END, Entry
from adapter.analytics.entry.reader import EntryReader
from adapter.analytics.event import EventEncoder
from adapter.analytics.http_status import http_status
from adapter.analytics.observer import Unattributed
from adapter.analytics.own_members import own_members
from adapter.analytics.subject import Subject, Subjects

PATH_CHARACTERS: Final = 500
USER_AGENT_CHARACTERS: Final = 500
TRANSACTION_ID_CHARACTERS: Final = 128
ADDRESS_CHARACTERS: Final = 64

_KEPT_TEXTS: Final = 4096
"""How many addresses and how many user agents are kept as JSON. Clients choose them, so the number
is bounded."""

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
"""Envoy has no number for other methods, nor for a request that it could not parse."""
_TCP: Final = "TCP"
_NO_STATUS: Final = 0
"""A TCP connection has no HTTP status."""
_LAST_SECOND: Final = 253_402_300_799
"""The last second of the year 9999."""


class EntryTranslator:
    """Translates entries one by one. It has no side effects, except that it tells `unchecked`.

    `http` and `tcp` return the event as JSON; the reason, if the entry belongs to no API; or None,
    if the entry reports on a request that goes on. They raise DecodeError, ValueError,
    OverflowError or OSError for a broken entry, such as one whose time is not in any calendar.

    The decision is read from the entry's metadata. If it names no API, `bound_api` is asked:
    see `Attribution`.
    `takes_own_members` says whether the platform takes the members of `own_members`.
    """

    def __init__(
        self,
        bound_api: BoundApi,
        encoder: EventEncoder,
        *,
        include_client_ip: bool,
        takes_own_members: Callable[[], bool],
        unchecked: Callable[[str], None],
    ) -> None:
        self._attribution = Attribution(bound_api, unchecked)
        self._encoder = encoder
        self._reader = EntryReader()
        self._subjects = Subjects()
        self._include_client_ip = include_client_ip
        self._takes_own_members = takes_own_members
        self._addresses_json = BoundedMemo(_address_json, _KEPT_TEXTS)
        self._user_agents_json = BoundedMemo(_user_agent_json, _KEPT_TEXTS)

    def http(self, octets: bytes, event_id: str) -> bytes | Unattributed | None:
        """Translate an entry of `http_logs`, where Envoy also logs some TCP connections."""
        entry = self._reader.http(octets)
        if entry.access_log_type not in FINAL:
            return None
        if entry.access_log_type == TCP_CONNECTION_END:
            return self._connection(
                event_id, entry, entry.wire_received_bytes, entry.wire_sent_bytes
            )
        return self._request(event_id, entry)

    def tcp(self, octets: bytes, event_id: str) -> bytes | Unattributed | None:
        """Translate an entry of `tcp_logs`."""
        entry = self._reader.tcp(octets)
        if entry.access_log_type not in FINAL:
            return None
        return self._connection(event_id, entry, entry.received_bytes, entry.sent_bytes)

    def _request(self, event_id: str, entry: Entry) -> bytes | Unattributed:
        subject = self._subjects.of(entry.record)
        path = text(entry.path, PATH_CHARACTERS)
        status_code = http_status(entry, subject.status)
        if not subject.record.api_id:
            found = self._attribution.of_request(entry, subject.record, path, status_code)
            if isinstance(found, Unattributed):
                return found
            subject = found
        return self._event(
            event_id,
            entry,
            subject,
            verb=_METHODS.get(entry.request_method, _OTHER_METHOD),
            path=path,
            status_code=status_code,
            user_agent=self._user_agents_json[cut(entry.user_agent, USER_AGENT_CHARACTERS)],
            request_bytes=entry.received_bytes,
            response_bytes=entry.sent_bytes,
        )

    def _connection(
        self, event_id: str, entry: Entry, received_bytes: int, sent_bytes: int
    ) -> bytes | Unattributed:
        subject = self._subjects.of(entry.record)
        if not subject.record.api_id:
            found = self._attribution.of_connection(entry, subject.record)
            if isinstance(found, Unattributed):
                return found
            subject = found
        return self._event(
            event_id,
            entry,
            subject,
            verb=_TCP,
            path="",
            status_code=_NO_STATUS,
            user_agent='""',
            request_bytes=received_bytes,
            response_bytes=sent_bytes,
        )

    def _event(
        self,
        event_id: str,
        entry: Entry,
        subject: Subject,
        *,
        verb: str,
        path: str,
        status_code: int,
        user_agent: str,
        request_bytes: int,
        response_bytes: int,
    ) -> bytes:
        return self._encoder.encode(
            event_id=event_id,
            subject=subject.blocked if entry.refused else subject.processed,
            transaction_id=text(entry.stream_id, TRANSACTION_ID_CHARACTERS),
            received_ms=_received_ms(entry),
            response_ms=_response_ms(entry, status_code),
            client_ip=self._client_ip_json(entry),
            verb=verb,
            path=path,
            status_code=status_code,
            user_agent=user_agent,
            request_bytes=request_bytes,
            response_bytes=response_bytes,
            own_members=own_members(entry, subject) if self._takes_own_members() else "",
        )

    def _client_ip_json(self, entry: Entry) -> str:
        if not self._include_client_ip:
            return "null"
        return self._addresses_json[cut(entry.remote_address, ADDRESS_CHARACTERS)]


def _address_json(raw: bytes) -> str:
    address = text(raw, ADDRESS_CHARACTERS)
    return quoted(address) if address else "null"


def _user_agent_json(raw: bytes) -> str:
    return quoted(text(raw, USER_AGENT_CHARACTERS))


def _received_ms(entry: Entry) -> int:
    if not 0 < entry.start_seconds <= _LAST_SECOND:
        raise ValueError("the entry's start_time is missing, or after the year 9999")
    seconds: i64 = entry.start_seconds
    nanos: i64 = entry.start_nanos
    return seconds * 1000 + nanos // 1_000_000


def _response_ms(entry: Entry, status_code: int) -> int:
    """How long the response took. Of a WebSocket only the handshake counts, not the session."""
    if status_code == 101:
        return entry.first_sent_ms
    return entry.duration_ms or entry.last_sent_ms
