# mypyc: compiled
"""What an access log entry says, whichever reader has read it.

The names of fields are those of envoy.data.accesslog.v3. Text is `bytes`, because clients choose
much of it and it may not be UTF-8.
"""

from typing import Final

from mypy_extensions import mypyc_attr

NOT_SET: Final = 0
TCP_CONNECTION_END: Final = 3
DOWNSTREAM_END: Final = 6

FINAL: Final = (DOWNSTREAM_END, NOT_SET, TCP_CONNECTION_END)
"""The types of an entry that reports the end of a request. Each request has exactly one such entry;
entries of other types report on a request that goes on."""

GRPC_STATUS: Final = b"grpc-status"
BY_UPSTREAM: Final = b"via_upstream"
"""Envoy's `response_code_details` if the service has answered."""
UNAUTHORIZED_EXTERNAL: Final = 1
"""The reason in Envoy's response flag UAEX: ext_authz refused the request, or failed."""


@mypyc_attr(acyclic=True)
class Entry:
    """The part of an access log entry that events are made from.

    Each reader has a subclass. Its constructor sets the fields that every event needs, if the entry
    is final. The properties below are needed rarely and are read when they are asked for. A number
    that the entry does not have is 0, and such text is empty. Times are in milliseconds after the
    start of the request.
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
    """The fields of the decision's record; see `decision_fields.record_of`."""
    refused: bool
    """Whether ext_authz ended the request (Envoy's flag UAEX). It is set for denials and errors."""
    stream_id: bytes
    remote_address: bytes
    start_seconds: int
    start_nanos: int
    duration_ms: int
    request_method: int
    path: bytes
    """As the client sent it, before a rewriting by the route, and without the query."""
    user_agent: bytes
    received_bytes: int
    """Of the request's body; in `tcp_logs`, of the whole connection."""
    sent_bytes: int
    response_code: int

    @property
    def decision_id(self) -> bytes:
        """The id in the decision's record, which is no part of `record`; see `UNIQUE_FIELDS`."""
        raise NotImplementedError

    @property
    def route_name(self) -> bytes:
        """Envoy's `route_name`."""
        raise NotImplementedError

    @property
    def destination_port(self) -> int:
        """The port of Envoy's `downstream_local_address`."""
        raise NotImplementedError

    @property
    def destination_principal(self) -> bytes:
        """See `entry.destination`."""
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
        """From the response's trailers, or else from its headers, if Envoy logs these."""
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
    def wire_received_bytes(self) -> int:
        """Envoy's `downstream_wire_bytes_received`."""
        raise NotImplementedError

    @property
    def wire_sent_bytes(self) -> int:
        """Envoy's `downstream_wire_bytes_sent`."""
        raise NotImplementedError


def milliseconds(seconds: int, nanos: int) -> int:
    """A duration in milliseconds, rounded; 0 for a negative one."""
    return max((seconds * 1_000_000_000 + nanos + 500_000) // 1_000_000, 0)
