"""ldap-authentication, as its page in docs/policies says."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.policy.decision import Denied
from adapter.policy.effects.user import Authenticate, Verification
from adapter.policy.ldap_directory import LdapAccount
from adapter.policy.policies.ldap_authentication import compile_ldap_authentication
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from adapter.policy.verdicts import Deny, DenyReason, Identity
from tests.builders import CLIENT_ID_ENFORCEMENT, applied, contract
from tests.unit.policy.gateway import Gateway, a_request, an_evaluation, credentials

MISSING = (DenyReason.CREDENTIALS_MISSING, 401)
INVALID = (DenyReason.CREDENTIALS_INVALID, 401)
DIRECTORY = {
    "ldapServerURL": "ldaps://ldap.example.com",
    "ldapServerUserDn": "cn=adapter,dc=example",
    "ldapServerUserPassword": "hunter2",
    "ldapSearchBase": "ou=people,dc=example",
}


def basic(text: str, encoding: str = "utf-8") -> dict[str, str]:
    """An Authorization header."""
    return {"authorization": f"Basic {base64.b64encode(text.encode(encoding)).decode()}"}


def gateway(*others: Any, contracts: Any = (), **changes: Any) -> Gateway:
    """An API with this policy, after others; its server knows the user `zoë`."""
    policy = applied("ldap-authentication", {**DIRECTORY, **changes}, order=90)
    made = Gateway(*others, policy, contracts=contracts)
    made.passwords["zoë"] = "pa:ss wörd"
    return made


def effect(headers: Mapping[str, str], **changes: Any) -> Authenticate:
    """What the policy asks of the outside world."""
    rule = compile_ldap_authentication({**DIRECTORY, **changes})
    verdict = rule.evaluate(an_evaluation(a_request(headers)))
    assert isinstance(verdict, Authenticate)
    return verdict


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_user_whom_the_server_confirms_is_let_in_and_named(encoding: str) -> None:
    """Whatever encoding the client uses."""
    allowed = gateway().allows(a_request(basic("zoë:pa:ss wörd", encoding)))
    assert allowed.identity == Identity("", principal="zoë")


def test_an_application_that_was_identified_stays() -> None:
    """The upstream learns of the application and of the user."""
    both = gateway(CLIENT_ID_ENFORCEMENT, contracts=[contract("c1", name="App")])
    allowed = both.allows(a_request(credentials("c1", "secret") | basic("zoë:pa:ss wörd")))
    assert allowed.identity == Identity("c1", "App", "contract-of-c1", principal="zoë")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer abc"}])
def test_without_credentials_they_are_asked_for(headers: dict[str, str]) -> None:
    """A browser shows its log-in window."""
    denied = gateway().denies(a_request(headers), *MISSING)
    assert denied.deny.headers == (("www-authenticate", 'Basic realm="mule-realm"'),)


@pytest.mark.parametrize(
    "headers",
    [
        basic("zoë:wrong"),
        basic("nobody:pa:ss wörd"),
        basic("zoë:"),
        basic(":pa:ss wörd"),
        basic("zoë"),
        basic("zoë\x00:pa:ss wörd"),
        {"authorization": "Basic !!!"},
    ],
)
def test_everything_else_is_refused_in_one_way(headers: dict[str, str]) -> None:
    """Only operators see what was wrong."""
    denied = gateway().denies(a_request(headers), *INVALID)
    assert denied.deny.message == "Invalid user name or password"
    assert denied.deny.headers == (("www-authenticate", 'Basic realm="mule-realm"'),)


def test_the_server_is_never_asked_about_an_empty_password() -> None:
    """Many servers accept it without looking (RFC 4513, 5.1.2)."""
    rule = compile_ldap_authentication(DIRECTORY)
    verdict = rule.evaluate(an_evaluation(a_request(basic("zoë:"))))
    assert isinstance(verdict, Deny)
    assert verdict.detail == "the password is empty"


@given(st.text() | st.binary().map(lambda octets: "Basic " + base64.b64encode(octets).decode()))
def test_no_header_makes_the_policy_raise(header: str) -> None:
    """Everything that is not a known user is denied."""
    assert isinstance(gateway().ask(a_request({"authorization": header})), Denied)


def test_the_servers_name_for_the_user_is_the_principal() -> None:
    """The client's spelling may vary; what the upstream gets does not."""
    asked = effect(basic("ALICE:x"))
    assert asked.settled(Verification("alice")) == Identity("", principal="alice")
    refused = asked.settled(Verification("", "several entries match the user name"))
    assert isinstance(refused, Deny)
    assert refused.detail == "several entries match the user name"


@pytest.mark.parametrize(
    ("url", "tls", "host", "port"),
    [
        ("ldap://127.0.0.1:389", False, "127.0.0.1", 389),
        ("ldap://ldap.example.com/", False, "ldap.example.com", 389),
        (" ldaps://LDAP.example.com ", True, "ldap.example.com", 636),
        ("ldaps://[2001:db8::1]:1636", True, "2001:db8::1", 1636),
    ],
)
def test_server_urls_are_read(url: str, tls: bool, host: str, port: int) -> None:
    """With the ports that are registered for LDAP."""
    account = effect(basic("a:b"), ldapServerURL=url).directory.account
    assert account == LdapAccount(tls, host, port, "cn=adapter,dc=example", account.password)


def test_defaults_are_the_vendors() -> None:
    """`uid` is compared, directly below the base."""
    directory = effect(basic("a:b")).directory
    assert (directory.search_filter, directory.in_subtree) == ("(uid={0})", False)


def test_no_password_is_shown() -> None:
    """Neither the account's nor the user's, in logs and debuggers."""
    shown = repr(effect(basic("zoë:of-zoë")))
    assert "hunter2" not in shown
    assert "of-zoë" not in shown
    assert "cn=adapter,dc=example" in shown


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"ldapServerURL": "https://x"}, "ldapServerURL: must be an ldap or ldaps URL"),
        ({"ldapServerURL": "ldap://"}, "ldapServerURL: must be an ldap or ldaps URL"),
        ({"ldapServerURL": "ldap://a:b"}, "ldapServerURL: is not a URL"),
        ({"ldapServerURL": "ldap://u:hunter3@a"}, "set ldapServerUserDn"),
        ({"ldapServerURL": "ldap://a/dc=x"}, "set ldapSearchBase"),
        ({"ldapServerURL": "ldap://a b:389"}, "ldapServerURL"),
        ({"ldapServerUserDn": " "}, "ldapServerUserDn"),
        ({"ldapServerUserPassword": ""}, "ldapServerUserPassword"),
        ({"ldapSearchBase": ""}, "ldapSearchBase"),
        ({"ldapSearchInSubtree": "maybe"}, "ldapSearchInSubtree"),
        ({"ldapGroups": "x"}, "ldapGroups: this setting is not supported"),
    ],
)
def test_a_bad_configuration_closes_the_api_and_says_why(
    changes: Mapping[str, Any], complaint: str
) -> None:
    """The admin reads the name of the setting, and nobody a password."""
    (fault,) = gateway(**changes).api.faults
    assert complaint in fault
    assert "hunter" not in fault


def test_a_server_that_may_not_be_used_closes_the_api() -> None:
    """With the operator's reason."""
    content = ApiContent(ApiInstance("7", "orders"), (applied("ldap-authentication", DIRECTORY),))
    (fault,) = build_api(content, RulePool(), objection=lambda _: "not that host").faults
    assert fault.endswith("(ldap-authentication): not that host")
