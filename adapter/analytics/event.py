# mypyc: compiled
"""Events in the form of the platform's `POST /v2/analytics/events`.

The form comes from two sources of the vendor: the page about Mule Gateway metrics, and the event
schema of its agent. They do not say what an API's version id is. In today's API Manager it is the
id of the API instance, so we send that.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from adapter.analytics.bounded_memo import BoundedMemo

_KEPT_SECONDS: Final = 256
_MILLISECONDS: Final = tuple(f".{ms:03}+00:00" for ms in range(1000))


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """The members that are the same in all events of this process."""

    organization_id: str
    host_id: str
    deployment_type: str


class EventEncoder:
    """Writes events as JSON.

    It puts the JSON together itself, because it runs for every request. Members that many events
    share are passed in as JSON. Other text is escaped by the JSON library's `quoted`.
    """

    def __init__(self, origin: EventOrigin) -> None:
        self._seconds = BoundedMemo(_iso_second, _KEPT_SECONDS)
        self._tail = (
            f'"org_id":{quoted(origin.organization_id)},"host_id":{quoted(origin.host_id)},'
            f'"deployment_type":{quoted(origin.deployment_type)}}}'
        )

    def encode(
        self,
        *,
        event_id: str,
        subject: str,
        transaction_id: str,
        received_ms: int,
        response_ms: int,
        client_ip: str,
        verb: str,
        path: str,
        status_code: int,
        user_agent: str,
        request_bytes: int,
        response_bytes: int,
        own_members: str = "",
    ) -> bytes:
        """Return one JSON object.

        - `event_id`: a UUID of version 7.
        - `subject`: the members of a `Subject`, as JSON.
        - `client_ip`, `user_agent`: JSON.
        - `verb`: a name without characters that need an escape.
        - `path`: without its query.
        - `received_ms`: milliseconds since the epoch.
        - `response_ms`: milliseconds from there until the response was complete.
        - `request_bytes`, `response_bytes`: of the bodies.
        - `own_members`: JSON of further members, each with a comma behind it.

        Raises ValueError or OverflowError for a time after the year 9999.
        """
        replied_ms = received_ms + response_ms
        received_s, replied_s = received_ms // 1000, replied_ms // 1000
        received = self._seconds[received_s]
        replied = received if replied_s == received_s else self._seconds[replied_s]
        return (
            f'{{"event_id":"{event_id}",{subject},"transaction_id":{quoted(transaction_id)},'
            f'"received_ts":"{received}{_MILLISECONDS[received_ms % 1000]}",'
            f'"replied_ts":"{replied}{_MILLISECONDS[replied_ms % 1000]}",'
            f'"client_ip":{client_ip},"verb":"{verb}","path":{quoted(path)},'
            f'"status_code":{status_code},"user_agent":{user_agent},'
            f'"request_bytes":{request_bytes},"response_bytes":{response_bytes},'
            f"{own_members}{self._tail}"
        ).encode("ascii")


def _iso_second(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
