"""credential-injection-basic-auth, as its page in docs/policies says."""

import base64
from typing import Any

import pytest

from adapter.policy.verdicts import DenyReason
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, set_headers

PASSWORD = "hunter2:with:colons"
VALUE = "Basic " + base64.b64encode(f"gateway:{PASSWORD}".encode()).decode()


def injecting(**changes: Any) -> Gateway:
    """An API whose upstream wants credentials."""
    configuration = {"username": "gateway", "password": PASSWORD} | changes
    return Gateway(applied("credential-injection-basic-auth", configuration))


def test_the_upstream_gets_the_credentials() -> None:
    """As HTTP basic authentication says (RFC 7617)."""
    assert set_headers(injecting().allows(a_request())) == (("authorization", VALUE),)


def test_the_credentials_are_sent_in_utf_8() -> None:
    """What browsers and servers agree on (RFC 7617, 2.1)."""
    ((_, value),) = set_headers(injecting(username="zoë", password="ü").allows(a_request()))
    assert base64.b64decode(value.removeprefix("Basic ")).decode() == "zoë:ü"


def test_a_clients_header_is_overwritten_by_default() -> None:
    """The client's own credentials do not reach the upstream."""
    request = a_request({"authorization": "Basic Y2xpZW50"})
    assert set_headers(injecting().allows(request)) == (("authorization", VALUE),)


def test_a_clients_header_stays_where_the_admin_wants_it() -> None:
    """With `overwrite: false`, the gateway's credentials are for those who have none."""
    gateway = injecting(overwrite=False)
    assert set_headers(gateway.allows(a_request({"authorization": "Bearer x"}))) == ()
    assert set_headers(gateway.allows(a_request())) == (("authorization", VALUE),)


def test_a_custom_header_takes_the_place() -> None:
    """The authorization header is then left alone."""
    gateway = injecting(customHeader="X-Upstream-Auth", overwrite=False)
    request = a_request({"authorization": "Bearer x"})
    assert set_headers(gateway.allows(request)) == (("x-upstream-auth", VALUE),)
    assert set_headers(gateway.allows(a_request({"x-upstream-auth": "y"}))) == ()


def test_a_blank_custom_header_is_the_default() -> None:
    """The platform sends what the admin left empty."""
    assert set_headers(injecting(customHeader="").allows(a_request())) == (
        ("authorization", VALUE),
    )


def test_policies_before_it_see_the_clients_own_credentials() -> None:
    """A client is authenticated by what it sent, whatever the upstream gets."""
    gateway = Gateway(
        applied(
            "client-id-enforcement",
            {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"},
            order=1,
        ),
        applied(
            "credential-injection-basic-auth", {"username": "c1", "password": "secret"}, order=2
        ),
        contracts=(contract("c1"),),
    )
    gateway.denies(a_request(), DenyReason.CREDENTIALS_MISSING, 401)


def test_the_password_shows_nowhere() -> None:
    """Neither in what is compiled nor in a verdict or a decision that someone prints."""
    gateway = injecting()
    shown = repr((gateway.api, gateway.allows(a_request())))
    assert "hunter2" not in shown
    assert VALUE.removeprefix("Basic ") not in shown


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"username": "a:b"}, "username"),
        ({"password": "hunter2\r\n"}, "control characters"),
        ({"username": "\ud800"}, "username: must not"),
        ({"username": "", "password": ""}, "username: and password are both empty"),
        ({"customHeader": "host"}, "customHeader"),
        ({"customHeader": "x y"}, "customHeader"),
    ],
)
def test_credentials_that_no_header_can_carry_close_the_api(
    changes: dict[str, str], fault: str
) -> None:
    """Found at sync time, without showing them."""
    (found,) = injecting(**changes).api.faults
    assert fault in found
    assert "hunter2" not in found
