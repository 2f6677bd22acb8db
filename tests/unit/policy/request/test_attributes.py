"""What is told of a request beside what Envoy says itself."""

import pytest

from adapter.policy.request.attributes import is_grpc
from tests.unit.policy.gateway import a_request


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/grpc", True),
        ("application/grpc+proto", True),
        ("application/grpc+", True),
        ("application/grpc-web", False),
        ("application/grpc-web+proto", False),
        ("application/grpcx", False),
        ("application/grpc;charset=utf-8", False),
        ("application/grpc,text/plain", False),
        ("Application/gRPC", False),
        (" application/grpc", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_a_client_speaks_grpc_where_envoy_says_so(content_type: str, expected: bool) -> None:
    """Whom Envoy gives an HTTP answer, we give one as well."""
    assert is_grpc(a_request({"content-type": content_type})) is expected
    assert not is_grpc(a_request())
