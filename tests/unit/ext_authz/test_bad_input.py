"""Checks that are none, through reader, authorizer and writer together."""

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse
from hypothesis import given
from hypothesis import strategies as st

from adapter.ext_authz.service import AuthorizationService
from tests.builders import CLIENT_ID_ENFORCEMENT, api, contract
from tests.rig.adapters import AdapterInProcess
from tests.unit.ext_authz.checks import check_request

PROPER = check_request([("client_id", "client-1"), ("client_secret", "secret")])
ANONYMOUS = check_request([("x-key", "value"), ("x-other", "value")]).SerializeToString()


def protected() -> AuthorizationService:
    """The service before one API that asks for credentials."""
    return AdapterInProcess([api("1", [CLIENT_ID_ENFORCEMENT], [contract("client-1")])]).service


def code(service: AuthorizationService, message: bytes) -> int:
    """What decides: 0 is an ALLOW."""
    response = service.check(message, {})
    assert isinstance(response, bytes)
    return int(CheckResponse.FromString(response).status.code)


def _without_http() -> bytes:
    check = check_request()
    check.attributes.request.ClearField("http")
    message: bytes = check.SerializeToString()
    return message


def _without_api() -> bytes:
    message: bytes = check_request(api_id="").SerializeToString()
    return message


@pytest.mark.parametrize(
    "message",
    [b"", b"\x00", b"<html></html>", ANONYMOUS[:-3], _without_http(), _without_api()],
    ids=["empty", "zero", "html", "cut off", "without an HTTP part", "of no API"],
)
def test_no_check(message: bytes) -> None:
    """Each is denied, and the next request is answered as ever."""
    service = protected()
    assert code(service, message) > 0
    assert code(service, PROPER.SerializeToString()) == 0


@given(st.binary(max_size=200))
def test_random_bytes(message: bytes) -> None:
    """Bytes at random open nothing and break nothing."""
    assert code(protected(), message) > 0


@given(
    st.lists(st.tuples(st.integers(0, len(ANONYMOUS) - 1), st.integers(0, 255)), max_size=4),
    st.integers(0, len(ANONYMOUS)),
)
def test_damaged(damage: list[tuple[int, int]], length: int) -> None:
    """Nor does a Check that was damaged or cut off."""
    message = bytearray(ANONYMOUS)
    for position, byte in damage:
        message[position] = byte
    assert code(protected(), bytes(message[:length])) > 0
