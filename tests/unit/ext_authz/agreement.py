"""Compares the two readers of Checks."""

from adapter.ext_authz.check import fast_reader, protobuf_reader
from adapter.ext_authz.check.request import ClientAddress, EnvoyRequest
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.request.header_spelling import length_bits

METADATA = {"x-route-name": "route-1", "x-envoy-expected-rq-timeout-ms": "500"}
ADDRESS = ClientAddress(None, None)


def everything(request: EnvoyRequest) -> GivenAttributes:
    """All attributes of a request."""
    said = GivenAttributes(*(getattr(request, name) for name in GivenAttributes._fields))
    return said._replace(headers=dict(said.headers))


def agree(message: bytes) -> bool:
    """Whether the fast reader reads the message; if so, both readers must say the same."""
    request = fast_reader.read(message, METADATA, ADDRESS)
    if request is None:
        return False
    expected = protobuf_reader.read(message, METADATA, ADDRESS)
    assert isinstance(expected, EnvoyRequest)
    assert everything(request) == everything(expected)
    for lengths in (length_bits(["x" * n for n in range(100)]), length_bits(["x", "x" * 9])):
        for prefix in (b"", b"x-adapter-", b"a-"):
            odd = set(request.odd_names(lengths, prefix))
            assert odd == set(expected.odd_names(lengths, prefix))
    assert request.may_override_method == expected.may_override_method
    for name in (*expected.headers, "", "absent", "Zoë", "\udfff", "x" * 200):
        assert request.header(name) == expected.header(name)
    return True
