"""Our trimmed definition of the access log service against Envoy's own (xds-protos)."""

import pytest
from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.data.accesslog.v3 import accesslog_pb2 as envoy
from envoy.service.accesslog.v3 import als_pb2 as als
from google.protobuf import struct_pb2, wrappers_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from adapter.messages import access_log_pb2 as ours

MESSAGE = als.StreamAccessLogsMessage.DESCRIPTOR
PAIRS = {
    "StreamAccessLogsMessage": MESSAGE,
    "Identifier": MESSAGE.nested_types_by_name["Identifier"],
    "LogEntries": MESSAGE.nested_types_by_name["HTTPAccessLogEntries"],
    "HttpEntry": envoy.HTTPAccessLogEntry.DESCRIPTOR,
    "TcpEntry": envoy.TCPAccessLogEntry.DESCRIPTOR,
    "CommonProperties": envoy.AccessLogCommon.DESCRIPTOR,
    "RequestProperties": envoy.HTTPRequestProperties.DESCRIPTOR,
    "ResponseProperties": envoy.HTTPResponseProperties.DESCRIPTOR,
    "ConnectionProperties": envoy.ConnectionProperties.DESCRIPTOR,
    "ResponseFlags": envoy.ResponseFlags.DESCRIPTOR,
    "Node": base_pb2.Node.DESCRIPTOR,
    "Metadata": base_pb2.Metadata.DESCRIPTOR,
    "FilterMetadata": base_pb2.Metadata.DESCRIPTOR.nested_types_by_name["FilterMetadataEntry"],
    "Address": address_pb2.Address.DESCRIPTOR,
    "SocketAddress": address_pb2.SocketAddress.DESCRIPTOR,
    "TlsProperties": envoy.TLSProperties.DESCRIPTOR,
    "CertificateProperties": envoy.TLSProperties.CertificateProperties.DESCRIPTOR,
    "SubjectAltName": envoy.TLSProperties.CertificateProperties.SubjectAltName.DESCRIPTOR,
    "Struct": struct_pb2.Struct.DESCRIPTOR,
    "Fields": struct_pb2.Struct.DESCRIPTOR.nested_types_by_name["FieldsEntry"],
    "Value": struct_pb2.Value.DESCRIPTOR,
    "StatusCode": wrappers_pb2.UInt32Value.DESCRIPTOR,
    "Header": envoy.HTTPResponseProperties.DESCRIPTOR.nested_types_by_name["ResponseHeadersEntry"],
}


def on_the_wire(field: FieldDescriptor) -> tuple[str, int, int]:
    """What two definitions must agree on. Text, bytes and messages have the same wire type."""
    lengthy = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
    numbers = (FieldDescriptor.TYPE_ENUM, FieldDescriptor.TYPE_INT32)
    kind = field.type
    if kind in lengthy:
        kind = FieldDescriptor.TYPE_MESSAGE
    if kind in numbers:
        kind = FieldDescriptor.TYPE_INT32
    return field.name, field.number, kind


def test_every_message_is_compared() -> None:
    """No message of ours escapes the comparison."""
    assert set(ours.DESCRIPTOR.message_types_by_name) == set(PAIRS)


@pytest.mark.parametrize("name", PAIRS)
def test_fields_are_envoys(name: str) -> None:
    """Each field that we read is Envoy's field of that name."""
    mine: Descriptor = ours.DESCRIPTOR.message_types_by_name[name]
    assert {*map(on_the_wire, mine.fields)} <= {*map(on_the_wire, PAIRS[name].fields)}


def test_reason_of_a_refusal_is_envoys() -> None:
    """The flag that tells denials and errors of ext_authz apart from all else."""
    reasons = envoy.ResponseFlags.Unauthorized.Reason
    mine = ours.ResponseFlags.Unauthorized.DESCRIPTOR.fields[0]
    theirs = envoy.ResponseFlags.Unauthorized.DESCRIPTOR.fields_by_name["reason"]
    assert (mine.name, mine.number) == (theirs.name, theirs.number)
    assert reasons.Value("EXTERNAL_SERVICE") == 1
