# mypyc: compiled
"""Where a client has connected to. It is parsed only for entries without a decision."""

from adapter.messages import access_log_pb2 as pb


def port_in(local_address: bytes) -> int:
    """The port in an encoded address; 0 for a Unix socket. Raises DecodeError."""
    return pb.Address.FromString(local_address).socket_address.port_value


def principal_in(tls_properties: bytes) -> bytes:
    """Who Envoy's own certificate says that it is, as in a Check. Raises DecodeError.

    It is the first URI among the certificate's names, or else the first DNS name, or the subject.
    """
    if not tls_properties:
        return b""
    certificate = pb.TlsProperties.FromString(tls_properties).local_certificate_properties
    names = certificate.subject_alt_name
    for name in (*[each.uri for each in names], *[each.dns for each in names]):
        if name:
            return name
    return certificate.subject
