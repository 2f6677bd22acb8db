"""API events, and their form on the way to the platform.

The form is the event object of `POST /v2/analytics/events`, put together from the vendor's Mule
Gateway metrics page and the event schema of its agent. The vendor says nothing about an API's
version id there; in today's API Manager it is the API instance's id, so we send that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Final, NamedTuple

from adapter.authorization.record import DecisionRecord
from adapter.policy.decision import DenyReason

_REMEMBERED_SUBJECTS: Final = 4096
_REMEMBERED_SECONDS: Final = 256
_MAX_INTEGER_DIGITS: Final = 18

RANDOM_BYTES: Final = 10
"""What the id of one event takes."""
_RANDOM_DIGITS: Final = 2 * RANDOM_BYTES
_VARIANT_OF: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""A random digit as the one that also tells the variant (RFC 9562, 4.1)."""
_MILLISECONDS: Final = tuple(f".{ms:03}+00:00" for ms in range(1000))

_POLICY_FAILURES: Final = frozenset(
    {DenyReason.EXPRESSION_FAILED, DenyReason.ADDRESS_UNKNOWN, DenyReason.CONTRACT_CLOSED}
)
"""Denials for which the policy lacked something, rather than the client."""


class ApiEvent(NamedTuple):
    """One request as analytics see it. A NamedTuple because one is made for every request.

    Texts that clients choose are cut already, and `path` has no query.
    """

    event_id: str
    """A UUIDv7 of ours; the platform drops an event whose id it knows."""
    record: DecisionRecord
    """Which API, which client application, and what the adapter said."""
    blocked: bool
    """Whether Envoy refused the request; in shadow mode it lets denied ones pass."""
    received_ms: int
    """When the request came: wall time, in milliseconds since the epoch."""
    response_ms: int
    """How long the answer took, in milliseconds; for a WebSocket, its handshake."""
    backend_ms: int | None
    """How much of that the service behind Envoy took, if known and wanted.

    The platform's documented events have no such member, so it is left out by default.
    """
    client_ip: str | None
    verb: str
    path: str
    status_code: int
    user_agent: str
    request_bytes: int
    """Of the body; -1 if unknown."""
    response_bytes: int
    """Of the body; -1 if unknown."""
    transaction_id: str
    """The request id, to find the request in Envoy's own logs and traces."""


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """What every event of this process says alike."""

    organization_id: str
    host_id: str
    deployment_type: str


def uuids7(unix_ms: int, random: bytes) -> Iterator[str]:
    """UUIDs version 7 (RFC 9562, 5.7): 48 bits of time, the rest from ten random bytes each."""
    digits, time = random.hex(), f"{unix_ms:012x}"
    head = f"{time[:8]}-{time[8:]}-7"
    for i in range(0, len(digits), _RANDOM_DIGITS):
        variant = _VARIANT_OF[digits[i + 3]]
        yield (
            f"{head}{digits[i : i + 3]}-{variant}{digits[i + 4 : i + 7]}-{digits[i + 7 : i + 19]}"
        )


class EventEncoder:
    """Writes events as JSON.

    By hand, since this runs for every request: what depends on API and client only is remembered
    for the latest of them, and all free text passes through the JSON library's own `quoted`.
    """

    def __init__(self, origin: EventOrigin) -> None:
        self._subject = lru_cache(maxsize=_REMEMBERED_SUBJECTS)(_subject_json)
        self._second = lru_cache(maxsize=_REMEMBERED_SECONDS)(_iso_second)
        self._tail = (
            f'"org_id":{quoted(origin.organization_id)},"host_id":{quoted(origin.host_id)},'
            f'"deployment_type":{quoted(origin.deployment_type)}}}'
        )

    def encode(self, event: ApiEvent) -> bytes:
        """One JSON object; raises ValueError or OverflowError for a time beyond the year 9999."""
        client_ip = "null" if event.client_ip is None else quoted(event.client_ip)
        backend = "" if event.backend_ms is None else f'"backend_ms":{event.backend_ms},'
        return (
            f'{{"event_id":"{event.event_id}",{self._subject(event.record, event.blocked)},'
            f'"transaction_id":{quoted(event.transaction_id)},'
            f'"received_ts":"{self._timestamp(event.received_ms)}",'
            f'"replied_ts":"{self._timestamp(event.received_ms + event.response_ms)}",'
            f'"client_ip":{client_ip},"verb":{quoted(event.verb)},"path":{quoted(event.path)},'
            f'"status_code":{event.status_code},"user_agent":{quoted(event.user_agent)},'
            f'"request_bytes":{event.request_bytes},"response_bytes":{event.response_bytes},'
            f"{backend}{self._tail}"
        ).encode("ascii")

    def _timestamp(self, unix_ms: int) -> str:
        return self._second(unix_ms // 1000) + _MILLISECONDS[unix_ms % 1000]


def _iso_second(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _subject_json(record: DecisionRecord, blocked: bool) -> str:
    """The members that depend on API, client and decision only."""
    api_id = _id_json(record.api_id)
    return (
        f'"api_id":{api_id},"api_version_id":{api_id},"api_name":{quoted(record.api_name)},'
        f'"api_version":{quoted(record.api_version)},'
        f'"client_id":{quoted(record.client_id) if record.client_id else "null"},'
        f'"application_name":{quoted(record.client_name) if record.client_name else "null"},'
        f'"request_disposition":"{"BLOCKED" if blocked else "PROCESSED"}",'
        f'"policy_violation":{_violation_json(record)}'
    )


def _violation_json(record: DecisionRecord) -> str:
    if not record.policy_id:
        return "null"
    outcome = "ERROR" if record.reason in _POLICY_FAILURES else "VIOLATION"
    return (
        f'{{"policy_id":{quoted(record.policy_id)},"policy_name":{quoted(record.policy_type)},'
        f'"outcome":"{outcome}"}}'
    )


def _id_json(text: str) -> str:
    """A number where the platform numbers it; JSON readers hold 18 digits in 64 bits."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_INTEGER_DIGITS
    return text if is_number and (text[0] != "0" or text == "0") else quoted(text)
