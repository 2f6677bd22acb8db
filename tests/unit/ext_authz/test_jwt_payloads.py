"""Payloads of tokens that Envoy has verified, as both readers of Checks see them."""

from typing import Any

import pytest

from adapter.ext_authz.check.jwt_payloads import NAMESPACE, jwt_payloads
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.check.request import EnvoyRequest
from tests.unit.ext_authz.checks import check_request

PAYLOAD: dict[str, Any] = {
    "sub": "ann",
    "exp": 1_700_000_000.0,
    "roles": ["a", {"b": None}],
    "admin": False,
    "none": None,
}


def payloads(namespace: str, *, fast: bool) -> Any:
    """What a Check with the payload in that namespace says."""
    check = check_request(raw=False)
    check.attributes.metadata_context.filter_metadata[namespace].update({"jwt": PAYLOAD})
    request = RequestReader(try_fast_reader=fast).read(check.SerializeToString(), {})
    assert isinstance(request, EnvoyRequest)
    return request.envoy_payloads


@pytest.mark.parametrize("fast", [True, False])
def test_the_payload_is_read(*, fast: bool) -> None:
    """As Envoy's filter wrote it."""
    assert payloads(NAMESPACE, fast=fast) == {"jwt": PAYLOAD}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("namespace", ["", "envoy.filters.http.lua", NAMESPACE.upper()])
def test_other_filters_verify_no_tokens(namespace: str, *, fast: bool) -> None:
    """Their metadata may be what a client sent."""
    assert payloads(namespace, fast=fast) == {}


@pytest.mark.parametrize("octets", [b"", b"\xff", b"\x0a\x01"])
def test_bytes_that_do_not_parse_are_no_payload(octets: bytes) -> None:
    """The token is then verified here."""
    assert jwt_payloads(octets) == {}
