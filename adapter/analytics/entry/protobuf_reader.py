# mypyc: compiled
"""The protobuf reader of entries: parses an entry with the protobuf library.

It reads every entry that the fast reader leaves alone, and it alone decides what is broken: for
such bytes its functions raise DecodeError. In a build that is not compiled it reads all entries.
"""

from collections.abc import Iterable
from typing import Final

from google.protobuf.duration_pb2 import Duration

from adapter.analytics.entry.decision_fields import (
    FILTERS,
    UNIQUE_FIELDS,
    decision_id_in,
    record_of,
)
from adapter.analytics.entry.destination import port_in, principal_in
from adapter.analytics.entry.entry import (
    FINAL,
    GRPC_STATUS,
    UNAUTHORIZED_EXTERNAL,
    Entry,
    milliseconds,
)
from adapter.messages import access_log_pb2 as pb

_NO_REQUEST: Final = pb.RequestProperties()
_NO_RESPONSE: Final = pb.ResponseProperties()


def read_http(octets: bytes) -> Entry:
    """Read an entry of `http_logs`."""
    log = pb.HttpEntry.FromString(octets)
    return ProtobufEntry(log.common_properties, log.request, log.response)


def read_tcp(octets: bytes) -> Entry:
    """Read an entry of `tcp_logs`."""
    log = pb.TcpEntry.FromString(octets)
    entry = ProtobufEntry(log.common_properties, _NO_REQUEST, _NO_RESPONSE)
    entry.received_bytes = log.connection_properties.received_bytes
    entry.sent_bytes = log.connection_properties.sent_bytes
    return entry


class ProtobufEntry(Entry):
    """An entry that the protobuf reader has read. Each field that is read creates an object."""

    __slots__ = ("_common", "_request", "_response")

    def __init__(
        self,
        common: pb.CommonProperties,
        request: pb.RequestProperties,
        response: pb.ResponseProperties,
    ) -> None:
        self._common, self._request, self._response = common, request, response
        self.access_log_type = common.access_log_type
        if self.access_log_type not in FINAL:
            return
        start = common.start_time
        self.record = _record(common.metadata.filter_metadata)
        self.refused = _refused(common.response_flags)
        self.stream_id = common.stream_id
        self.remote_address = common.downstream_remote_address.socket_address.address
        self.start_seconds, self.start_nanos = start.seconds, start.nanos
        self.duration_ms = _milliseconds(common.duration)
        self.request_method = request.request_method
        self.path = (request.original_path or request.path).partition(b"?")[0]
        self.user_agent = request.user_agent
        self.received_bytes = request.request_body_bytes
        self.sent_bytes = response.response_body_bytes
        self.response_code = response.response_code.value

    @property
    def decision_id(self) -> bytes:
        """See `Entry`."""
        for one in self._common.metadata.filter_metadata:
            if one.key in FILTERS:
                return decision_id_in(one.value, 0, len(one.value))
        return b""

    @property
    def route_name(self) -> bytes:
        """See `Entry`."""
        return self._common.route_name

    @property
    def destination_port(self) -> int:
        """See `Entry`."""
        return port_in(self._common.downstream_local_address)

    @property
    def destination_principal(self) -> bytes:
        """See `Entry`."""
        return principal_in(self._common.tls_properties)

    @property
    def authority(self) -> bytes:
        """See `Entry`."""
        return self._request.authority

    @property
    def response_code_details(self) -> bytes:
        """See `Entry`."""
        return self._response.response_code_details

    @property
    def grpc_status(self) -> bytes | None:
        """See `Entry`."""
        for headers in (self._response.response_trailers, self._response.response_headers):
            for header in headers:
                if header.key == GRPC_STATUS:
                    return header.value
        return None

    @property
    def first_sent_ms(self) -> int:
        """See `Entry`."""
        return _milliseconds(self._common.time_to_first_downstream_tx_byte)

    @property
    def last_sent_ms(self) -> int:
        """See `Entry`."""
        return _milliseconds(self._common.time_to_last_downstream_tx_byte)

    @property
    def wire_received_bytes(self) -> int:
        """See `Entry`."""
        return self._common.downstream_wire_bytes_received

    @property
    def wire_sent_bytes(self) -> int:
        """See `Entry`."""
        return self._common.downstream_wire_bytes_sent


def _record(metadata: Iterable[pb.FilterMetadata]) -> bytes:
    for one in metadata:
        if one.key in FILTERS:
            fields = pb.Struct.FromString(one.value).fields
            return record_of([field for field in fields if not field.startswith(UNIQUE_FIELDS)])
    return b""


def _refused(flags: bytes) -> bool:
    if not flags:
        return False
    reason = pb.ResponseFlags.FromString(flags).unauthorized_details.reason
    return bool(reason == UNAUTHORIZED_EXTERNAL)


def _milliseconds(duration: Duration) -> int:
    return milliseconds(duration.seconds, duration.nanos)
