# mypyc: compiled
"""API events, and their form on the way to the platform.

The form is the event object of `POST /v2/analytics/events`, put together from the vendor's Mule
Gateway metrics page and the event schema of its agent. The vendor says nothing about an API's
version id there; in today's API Manager it is the API instance's id, so we send that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from mypy_extensions import mypyc_attr

from adapter.analytics.bounded_memo import BoundedMemo
from adapter.authorization.decision_record import ANSWERED, DecisionRecord
from adapter.policy.verdicts import DenyReason

_REMEMBERED_SECONDS: Final = 256
_MAX_INTEGER_DIGITS: Final = 18
_STATUS_DIGITS: Final = 3

RANDOM_BYTES: Final = 10
"""What the id of one event takes."""
_RANDOM_DIGITS: Final = 2 * RANDOM_BYTES
_VARIANT_OF: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""A random digit as the one that also tells the variant (RFC 9562, 4.1)."""
_OCTETS: Final = tuple(f"{octet:02x}" for octet in range(256))
_MILLISECONDS: Final = tuple(f".{ms:03}+00:00" for ms in range(1000))

_POLICY_FAILURES: Final = frozenset(
    {DenyReason.EXPRESSION_FAILED, DenyReason.ADDRESS_UNKNOWN, DenyReason.CONTRACT_CLOSED}
)
"""Denials for which the policy lacked something, rather than the client."""


@mypyc_attr(acyclic=True)
class Subject:
    """What a decision says of a request, and the members of its event that follow from that.

    The same for every request of one client application to one API with the same outcome, so that
    it is worth remembering.
    """

    __slots__ = ("blocked", "processed", "record", "status")

    def __init__(self, record: DecisionRecord, processed: str, blocked: str) -> None:
        self.record = record
        """Which API, which client application, and what the adapter said."""
        self.processed = processed
        """Members of the event of a request that Envoy let pass (in shadow mode, denied ones
        too)."""
        self.blocked = blocked
        """Members of the event of a request that Envoy refused on the adapter's word."""
        status = record.status
        self.status = int(status) if len(status) == _STATUS_DIGITS and status.isdecimal() else 0
        """With which the adapter had Envoy refuse it; 0: it is not told."""


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """What every event of this process says alike."""

    organization_id: str
    host_id: str
    deployment_type: str


def uuids7(unix_ms: int, random: bytes) -> list[str]:
    """UUIDs version 7 (RFC 9562, 5.7): 48 bits of time, the rest from ten random bytes each."""
    digits, time = random.hex(), f"{unix_ms:012x}"
    head = f"{time[:8]}-{time[8:]}-7"
    return [
        f"{head}{digits[i : i + 3]}-{_VARIANT_OF[digits[i + 3]]}{digits[i + 4 : i + 7]}"
        f"-{digits[i + 7 : i + 19]}"
        for i in range(0, len(digits), _RANDOM_DIGITS)
    ]


def uuids7_in_a_row(unix_ms: int, random: bytes, count: int) -> Sequence[str]:
    """Up to 256 of them, for which one id's random bytes are enough: the last octet counts.

    So they take less to make, and with what they share they take less room compressed.
    """
    (first,) = uuids7(unix_ms, random)
    head, last = first[:-2], int(first[-2:], 16)
    return [head + _OCTETS[(last + i) & 0xFF] for i in range(count)]


class EventEncoder:
    """Writes events as JSON.

    By hand, since this runs for every request: what many events share comes in as JSON already,
    and all other text passes through the JSON library's own `quoted`.
    """

    def __init__(self, origin: EventOrigin) -> None:
        self._seconds = BoundedMemo(_iso_second, _REMEMBERED_SECONDS)
        self._tail = (
            f'"org_id":{quoted(origin.organization_id)},"host_id":{quoted(origin.host_id)},'
            f'"deployment_type":{quoted(origin.deployment_type)}}}'
        )

    def encode(
        self,
        event_id: str,
        subject: str,
        transaction_id: str,
        received_ms: int,
        response_ms: int,
        backend_ms: int | None,
        client_ip: str,
        verb: str,
        path: str,
        status_code: int,
        user_agent: str,
        request_bytes: int,
        response_bytes: int,
    ) -> bytes:
        """One JSON object; raises ValueError or OverflowError for a time beyond the year 9999.

        `event_id` is a UUIDv7 of ours, `subject` the members that `Subject` has; `client_ip` and
        `user_agent` are JSON, `verb` is a name that needs no escapes. `path` has no query. Times
        are in milliseconds, `received_ms` since the epoch; `response_ms` is how long the answer
        took, `backend_ms` what the service behind Envoy took of that, if it is wanted: the
        platform's documented events have no such member. Bytes are those of the bodies, -1 where
        they are unknown.
        """
        replied_ms = received_ms + response_ms
        received_s, replied_s = received_ms // 1000, replied_ms // 1000
        received = self._seconds[received_s]
        replied = received if replied_s == received_s else self._seconds[replied_s]
        backend = "" if backend_ms is None else f'"backend_ms":{backend_ms},'
        return (
            f'{{"event_id":"{event_id}",{subject},"transaction_id":{quoted(transaction_id)},'
            f'"received_ts":"{received}{_MILLISECONDS[received_ms % 1000]}",'
            f'"replied_ts":"{replied}{_MILLISECONDS[replied_ms % 1000]}",'
            f'"client_ip":{client_ip},"verb":"{verb}","path":{quoted(path)},'
            f'"status_code":{status_code},"user_agent":{user_agent},'
            f'"request_bytes":{request_bytes},"response_bytes":{response_bytes},'
            f"{backend}{self._tail}"
        ).encode("ascii")


def _iso_second(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def subject_of(record: DecisionRecord) -> Subject:
    """The record with what it says in JSON."""
    processed = _subject_json(record, "PROCESSED")
    # Envoy flags whatever the adapter answers as unauthorized, a CORS preflight too.
    blocked = processed if record.reason == ANSWERED else _subject_json(record, "BLOCKED")
    return Subject(record, processed, blocked)


def _subject_json(record: DecisionRecord, disposition: str) -> str:
    api_id = _id_json(record.api_id)
    return (
        f'"api_id":{api_id},"api_version_id":{api_id},"api_name":{quoted(record.api_name)},'
        f'"api_version":{quoted(record.api_version)},'
        f'"client_id":{quoted(record.client_id) if record.client_id else "null"},'
        f'"application_name":{quoted(record.client_name) if record.client_name else "null"},'
        f'"request_disposition":"{disposition}",'
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
