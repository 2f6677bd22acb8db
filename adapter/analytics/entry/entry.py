# mypyc: compiled
"""What an access log entry says, however its octets are read.

The field names are those of envoy.data.accesslog.v3; text is bytes, since clients choose much of
it and need not choose UTF-8.
"""

from typing import Final

from mypy_extensions import mypyc_attr

NOT_SET: Final = 0
TCP_CONNECTION_END: Final = 3
DOWNSTREAM_END: Final = 6

FINAL: Final = (DOWNSTREAM_END, NOT_SET, TCP_CONNECTION_END)
"""The types of the one entry that every request ends with; others report on the way."""

FILTERS: Final = (b"envoy.filters.http.ext_authz", b"envoy.filters.network.ext_authz")
"""Under whose metadata the decision's record is."""
DURATION_FIELD: Final = b"\n\x12ext_authz_duration"
"""How Envoy's own addition to our metadata begins on the wire; it differs for every request."""

GRPC_STATUS: Final = b"grpc-status"
UNAUTHORIZED_EXTERNAL: Final = 1
"""The reason of Envoy's flag UAEX: ext_authz said so."""


@mypyc_attr(acyclic=True)
class Entry:
    """As much of one entry as events tell; numbers are 0 and text is empty where it has none.

    Each way of reading one is a subclass, which sets what every event needs, if it is final, and
    adds what few need. Times are in milliseconds after the start.
    """

    __slots__ = (
        "access_log_type",
        "duration_ms",
        "path",
        "received_bytes",
        "record",
        "refused",
        "remote_address",
        "request_method",
        "response_code",
        "sent_bytes",
        "start_nanos",
        "start_seconds",
        "stream_id",
        "user_agent",
    )

    access_log_type: int
    record: bytes
    """The fields of the decision's record; see `record_of`."""
    refused: bool
    """Whether ext_authz ended it: Envoy's flag UAEX, set for denials and for errors alike."""
    stream_id: bytes
    remote_address: bytes
    start_seconds: int
    start_nanos: int
    duration_ms: int
    request_method: int
    path: bytes
    """Without its query."""
    user_agent: bytes
    received_bytes: int
    """Of the body; of a connection in `tcp_logs`, all."""
    sent_bytes: int
    response_code: int

    @property
    def route_name(self) -> bytes:
        """Envoy's `route_name`."""
        raise NotImplementedError

    @property
    def authority(self) -> bytes:
        """Envoy's `authority`."""
        raise NotImplementedError

    @property
    def response_code_details(self) -> bytes:
        """Envoy's `response_code_details`."""
        raise NotImplementedError

    @property
    def grpc_status(self) -> bytes | None:
        """Of the trailers, or else of the headers, where these are logged."""
        raise NotImplementedError

    @property
    def first_sent_ms(self) -> int:
        """Envoy's `time_to_first_downstream_tx_byte`."""
        raise NotImplementedError

    @property
    def last_sent_ms(self) -> int:
        """Envoy's `time_to_last_downstream_tx_byte`."""
        raise NotImplementedError

    @property
    def backend_ms(self) -> int | None:
        """What the backend took; None where none was asked, or none answered."""
        raise NotImplementedError

    @property
    def wire_received_bytes(self) -> int:
        """Envoy's `downstream_wire_bytes_received`."""
        raise NotImplementedError

    @property
    def wire_sent_bytes(self) -> int:
        """Envoy's `downstream_wire_bytes_sent`."""
        raise NotImplementedError


def record_of(fields: list[bytes]) -> bytes:
    """The fields of our metadata but `DURATION_FIELD`, one after the other, as they came.

    Sorted, since Envoy writes them in any order: so equal records are equal bytes.
    """
    if len(fields) > 1:
        fields.sort()
    return b"".join(fields)


def milliseconds(seconds: int, nanos: int) -> int:
    """A duration, rounded."""
    return max((seconds * 1_000_000_000 + nanos + 500_000) // 1_000_000, 0)
