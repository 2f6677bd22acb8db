"""http-basic-authentication, as its page in docs/policies says."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.decision import Denied
from adapter.policy.policies.http_basic_authentication import compile_http_basic_authentication
from adapter.policy.verdicts import DenyReason, Identity
from tests.builders import CLIENT_ID_ENFORCEMENT, applied, contract
from tests.unit.policy.gateway import Gateway, a_request, an_evaluation, credentials

MISSING = (DenyReason.CREDENTIALS_MISSING, 401)
INVALID = (DenyReason.CREDENTIALS_INVALID, 401)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=40)


def gateway(username: str, password: str) -> Gateway:
    """An API with this one policy."""
    user = {"username": username, "password": password}
    return Gateway(applied("http-basic-authentication", user))


def zoe() -> Gateway:
    """An API whose user is `zoë`."""
    return gateway("zoë", "pa:ss wörd")


def basic(octets: bytes, scheme: str = "Basic") -> dict[str, str]:
    """An Authorization header."""
    return {"authorization": f"{scheme} {base64.b64encode(octets).decode()}"}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_user_is_let_in_and_named(encoding: str, scheme: str) -> None:
    """Whatever encoding its client uses; later policies see the principal."""
    allowed = zoe().allows(a_request(basic("zoë:pa:ss wörd".encode(encoding), scheme)))
    assert allowed.identity == Identity("", principal="zoë")
    assert allowed.edits == ()


def test_an_application_that_was_identified_stays() -> None:
    """The upstream learns of the application and of the user."""
    user = applied("http-basic-authentication", {"username": "u", "password": "p"}, order=60)
    both = Gateway(CLIENT_ID_ENFORCEMENT, user, contracts=[contract("c1", name="App")])
    allowed = both.allows(a_request(credentials("c1", "secret") | basic(b"u:p")))
    assert allowed.identity == Identity("c1", "App", "contract-of-c1", principal="u")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer abc"}])
def test_without_credentials_they_are_asked_for(headers: dict[str, str]) -> None:
    """A browser shows its log-in window."""
    denied = zoe().denies(a_request(headers), *MISSING)
    assert denied.deny.headers == (("www-authenticate", 'Basic realm="mule-realm"'),)


@pytest.mark.parametrize(
    "headers",
    [
        basic(b":pa:ss"),
        basic(b"zo\xeb"),
        basic(b"zo\xeb:"),
        basic(b"zo\xeb:pa:ss"),
        basic(b"ZO\xeb:pa:ss w\xf6rd"),
        basic(b"zo\xeb:pa:ss w\xf6rd "),
        basic(b"zo\xeb:pa:ss w\xf6rd\x00"),
        basic("zoë:pa:ss wörd".encode("utf-16-le")),
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic em9lOnBhc3M"},
        {"authorization": "Basic em9lOnBhc3M=,Basic em9lOnBhc3M="},
        {"authorization": f"Basic{' ' * 60_000}QTpC"},
        {"authorization": f"Basic {'QUFB' * 15_000}"},
    ],
)
def test_wrong_and_malformed_credentials_are_refused(headers: dict[str, str]) -> None:
    """With one answer for all of them; only operators see what was wrong."""
    denied = zoe().denies(a_request(headers), *INVALID)
    assert denied.deny.message == "Invalid user name or password"
    assert denied.deny.headers == (("www-authenticate", 'Basic realm="mule-realm"'),)


@given(TEXT.filter(lambda name: ":" not in name), TEXT)
def test_every_user_that_can_be_configured_gets_in(name: str, password: str) -> None:
    """And nobody whose octets differ in anything."""
    asked = gateway(name, password)
    octets = f"{name}:{password}".encode()
    asked.allows(a_request(basic(octets)))
    for other in (octets + b"x", octets[:-1], octets.swapcase()):
        if other != octets:
            assert isinstance(asked.ask(a_request(basic(other))), Denied)


@given(st.text() | st.binary().map(lambda octets: basic(octets)["authorization"]))
def test_no_header_makes_the_policy_raise(header: str) -> None:
    """Everything that is not the user is denied."""
    assert isinstance(zoe().ask(a_request({"authorization": header})), Denied)


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        ({}, "username"),
        ({"username": "u"}, "password"),
        ({"username": "u", "password": ""}, "password"),
        ({"username": "", "password": "hunter2"}, "username"),
        ({"username": "a:b", "password": "hunter2"}, "username"),
        ({"username": "u", "password": "hunter2\x00"}, "control characters"),
        ({"username": "u", "password": "hunter2", "realm": "x"}, "realm: this setting is not"),
    ],
)
def test_a_bad_configuration_closes_the_api_and_says_why(
    configuration: Mapping[str, Any], complaint: str
) -> None:
    """The admin reads the name of the setting, and nobody the password."""
    (fault,) = Gateway(applied("http-basic-authentication", configuration)).api.faults
    assert complaint in fault
    assert "hunter2" not in fault


def test_the_password_is_not_in_the_rule() -> None:
    """A dump of the snapshot would show it."""
    rule = compile_http_basic_authentication({"username": "u", "password": "hunter2"})
    held = [cell.cell_contents for cell in getattr(rule.evaluate, "__closure__", ()) or ()]
    assert "hunter2" not in repr(held)


def test_earlier_policies_edits_count() -> None:
    """A header that an earlier policy removed is gone."""
    rule = compile_http_basic_authentication({"username": "u", "password": "p"})
    evaluation = an_evaluation(a_request(basic(b"u:p")))
    evaluation.edits = {"authorization": None}
    verdict = rule.evaluate(evaluation)
    assert getattr(verdict, "reason", None) is DenyReason.CREDENTIALS_MISSING
