import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AccessLogType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOT_SET: _ClassVar[AccessLogType]
    TCP_UPSTREAM_CONNECTED: _ClassVar[AccessLogType]
    TCP_PERIODIC: _ClassVar[AccessLogType]
    TCP_CONNECTION_END: _ClassVar[AccessLogType]
    DOWNSTREAM_START: _ClassVar[AccessLogType]
    DOWNSTREAM_PERIODIC: _ClassVar[AccessLogType]
    DOWNSTREAM_END: _ClassVar[AccessLogType]
NOT_SET: AccessLogType
TCP_UPSTREAM_CONNECTED: AccessLogType
TCP_PERIODIC: AccessLogType
TCP_CONNECTION_END: AccessLogType
DOWNSTREAM_START: AccessLogType
DOWNSTREAM_PERIODIC: AccessLogType
DOWNSTREAM_END: AccessLogType

class StreamAccessLogsMessage(_message.Message):
    __slots__ = ("identifier", "http_logs", "tcp_logs")
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    HTTP_LOGS_FIELD_NUMBER: _ClassVar[int]
    TCP_LOGS_FIELD_NUMBER: _ClassVar[int]
    identifier: Identifier
    http_logs: LogEntries
    tcp_logs: LogEntries
    def __init__(self, identifier: _Optional[_Union[Identifier, _Mapping]] = ..., http_logs: _Optional[_Union[LogEntries, _Mapping]] = ..., tcp_logs: _Optional[_Union[LogEntries, _Mapping]] = ...) -> None: ...

class Identifier(_message.Message):
    __slots__ = ("node", "log_name")
    NODE_FIELD_NUMBER: _ClassVar[int]
    LOG_NAME_FIELD_NUMBER: _ClassVar[int]
    node: Node
    log_name: bytes
    def __init__(self, node: _Optional[_Union[Node, _Mapping]] = ..., log_name: _Optional[bytes] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("id", "cluster")
    ID_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    cluster: bytes
    def __init__(self, id: _Optional[bytes] = ..., cluster: _Optional[bytes] = ...) -> None: ...

class LogEntries(_message.Message):
    __slots__ = ("log_entry",)
    LOG_ENTRY_FIELD_NUMBER: _ClassVar[int]
    log_entry: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, log_entry: _Optional[_Iterable[bytes]] = ...) -> None: ...

class HttpEntry(_message.Message):
    __slots__ = ("common_properties", "request", "response")
    COMMON_PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    common_properties: CommonProperties
    request: RequestProperties
    response: ResponseProperties
    def __init__(self, common_properties: _Optional[_Union[CommonProperties, _Mapping]] = ..., request: _Optional[_Union[RequestProperties, _Mapping]] = ..., response: _Optional[_Union[ResponseProperties, _Mapping]] = ...) -> None: ...

class TcpEntry(_message.Message):
    __slots__ = ("common_properties", "connection_properties")
    COMMON_PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    common_properties: CommonProperties
    connection_properties: ConnectionProperties
    def __init__(self, common_properties: _Optional[_Union[CommonProperties, _Mapping]] = ..., connection_properties: _Optional[_Union[ConnectionProperties, _Mapping]] = ...) -> None: ...

class CommonProperties(_message.Message):
    __slots__ = ("downstream_remote_address", "downstream_local_address", "tls_properties", "start_time", "time_to_first_downstream_tx_byte", "time_to_last_downstream_tx_byte", "response_flags", "metadata", "route_name", "duration", "stream_id", "downstream_wire_bytes_sent", "downstream_wire_bytes_received", "access_log_type")
    DOWNSTREAM_REMOTE_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    DOWNSTREAM_LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TLS_PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_FIRST_DOWNSTREAM_TX_BYTE_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_LAST_DOWNSTREAM_TX_BYTE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FLAGS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ROUTE_NAME_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    DOWNSTREAM_WIRE_BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    DOWNSTREAM_WIRE_BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    ACCESS_LOG_TYPE_FIELD_NUMBER: _ClassVar[int]
    downstream_remote_address: Address
    downstream_local_address: bytes
    tls_properties: bytes
    start_time: _timestamp_pb2.Timestamp
    time_to_first_downstream_tx_byte: _duration_pb2.Duration
    time_to_last_downstream_tx_byte: _duration_pb2.Duration
    response_flags: bytes
    metadata: Metadata
    route_name: bytes
    duration: _duration_pb2.Duration
    stream_id: bytes
    downstream_wire_bytes_sent: int
    downstream_wire_bytes_received: int
    access_log_type: AccessLogType
    def __init__(self, downstream_remote_address: _Optional[_Union[Address, _Mapping]] = ..., downstream_local_address: _Optional[bytes] = ..., tls_properties: _Optional[bytes] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., time_to_first_downstream_tx_byte: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., time_to_last_downstream_tx_byte: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., response_flags: _Optional[bytes] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ..., route_name: _Optional[bytes] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., stream_id: _Optional[bytes] = ..., downstream_wire_bytes_sent: _Optional[int] = ..., downstream_wire_bytes_received: _Optional[int] = ..., access_log_type: _Optional[_Union[AccessLogType, str]] = ...) -> None: ...

class Address(_message.Message):
    __slots__ = ("socket_address",)
    SOCKET_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    socket_address: SocketAddress
    def __init__(self, socket_address: _Optional[_Union[SocketAddress, _Mapping]] = ...) -> None: ...

class SocketAddress(_message.Message):
    __slots__ = ("address", "port_value")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PORT_VALUE_FIELD_NUMBER: _ClassVar[int]
    address: bytes
    port_value: int
    def __init__(self, address: _Optional[bytes] = ..., port_value: _Optional[int] = ...) -> None: ...

class TlsProperties(_message.Message):
    __slots__ = ("local_certificate_properties",)
    LOCAL_CERTIFICATE_PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    local_certificate_properties: CertificateProperties
    def __init__(self, local_certificate_properties: _Optional[_Union[CertificateProperties, _Mapping]] = ...) -> None: ...

class CertificateProperties(_message.Message):
    __slots__ = ("subject_alt_name", "subject")
    SUBJECT_ALT_NAME_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    subject_alt_name: _containers.RepeatedCompositeFieldContainer[SubjectAltName]
    subject: bytes
    def __init__(self, subject_alt_name: _Optional[_Iterable[_Union[SubjectAltName, _Mapping]]] = ..., subject: _Optional[bytes] = ...) -> None: ...

class SubjectAltName(_message.Message):
    __slots__ = ("uri", "dns")
    URI_FIELD_NUMBER: _ClassVar[int]
    DNS_FIELD_NUMBER: _ClassVar[int]
    uri: bytes
    dns: bytes
    def __init__(self, uri: _Optional[bytes] = ..., dns: _Optional[bytes] = ...) -> None: ...

class ResponseFlags(_message.Message):
    __slots__ = ("unauthorized_details",)
    class Unauthorized(_message.Message):
        __slots__ = ("reason",)
        REASON_FIELD_NUMBER: _ClassVar[int]
        reason: int
        def __init__(self, reason: _Optional[int] = ...) -> None: ...
    UNAUTHORIZED_DETAILS_FIELD_NUMBER: _ClassVar[int]
    unauthorized_details: ResponseFlags.Unauthorized
    def __init__(self, unauthorized_details: _Optional[_Union[ResponseFlags.Unauthorized, _Mapping]] = ...) -> None: ...

class Metadata(_message.Message):
    __slots__ = ("filter_metadata",)
    FILTER_METADATA_FIELD_NUMBER: _ClassVar[int]
    filter_metadata: _containers.RepeatedCompositeFieldContainer[FilterMetadata]
    def __init__(self, filter_metadata: _Optional[_Iterable[_Union[FilterMetadata, _Mapping]]] = ...) -> None: ...

class FilterMetadata(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    value: bytes
    def __init__(self, key: _Optional[bytes] = ..., value: _Optional[bytes] = ...) -> None: ...

class Struct(_message.Message):
    __slots__ = ("fields",)
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, fields: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Fields(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: _containers.RepeatedScalarFieldContainer[bytes]
    value: _containers.RepeatedCompositeFieldContainer[Value]
    def __init__(self, key: _Optional[_Iterable[bytes]] = ..., value: _Optional[_Iterable[_Union[Value, _Mapping]]] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("string_value",)
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    string_value: bytes
    def __init__(self, string_value: _Optional[bytes] = ...) -> None: ...

class RequestProperties(_message.Message):
    __slots__ = ("request_method", "authority", "path", "user_agent", "request_id", "original_path", "request_body_bytes")
    REQUEST_METHOD_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    USER_AGENT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_PATH_FIELD_NUMBER: _ClassVar[int]
    REQUEST_BODY_BYTES_FIELD_NUMBER: _ClassVar[int]
    request_method: int
    authority: bytes
    path: bytes
    user_agent: bytes
    request_id: bytes
    original_path: bytes
    request_body_bytes: int
    def __init__(self, request_method: _Optional[int] = ..., authority: _Optional[bytes] = ..., path: _Optional[bytes] = ..., user_agent: _Optional[bytes] = ..., request_id: _Optional[bytes] = ..., original_path: _Optional[bytes] = ..., request_body_bytes: _Optional[int] = ...) -> None: ...

class ResponseProperties(_message.Message):
    __slots__ = ("response_code", "response_body_bytes", "response_headers", "response_trailers", "response_code_details")
    RESPONSE_CODE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_BODY_BYTES_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_HEADERS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_TRAILERS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_CODE_DETAILS_FIELD_NUMBER: _ClassVar[int]
    response_code: StatusCode
    response_body_bytes: int
    response_headers: _containers.RepeatedCompositeFieldContainer[Header]
    response_trailers: _containers.RepeatedCompositeFieldContainer[Header]
    response_code_details: bytes
    def __init__(self, response_code: _Optional[_Union[StatusCode, _Mapping]] = ..., response_body_bytes: _Optional[int] = ..., response_headers: _Optional[_Iterable[_Union[Header, _Mapping]]] = ..., response_trailers: _Optional[_Iterable[_Union[Header, _Mapping]]] = ..., response_code_details: _Optional[bytes] = ...) -> None: ...

class StatusCode(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    value: bytes
    def __init__(self, key: _Optional[bytes] = ..., value: _Optional[bytes] = ...) -> None: ...

class ConnectionProperties(_message.Message):
    __slots__ = ("received_bytes", "sent_bytes")
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    received_bytes: int
    sent_bytes: int
    def __init__(self, received_bytes: _Optional[int] = ..., sent_bytes: _Optional[int] = ...) -> None: ...
