"""How claims of the identity provider become roles, and settings that make no sense."""

from typing import Any

import pytest
from pydantic import ValidationError

from control_plane.accounts.provider_roles import claim_values, mapped_roles, parse_rules
from control_plane.accounts.roles import Role
from control_plane.errors import ControlPlaneError
from control_plane.pages.identity_provider import Handshake, IdentityProvider
from control_plane.settings import Settings

ENVIRONMENTS = {"Production": "p", "Sandbox": "s"}
OIDC: dict[str, Any] = {
    "oidc_issuer": "https://provider.test",
    "oidc_client_id": "console",
    "oidc_client_secret": "secret-of-console",
}


@pytest.mark.parametrize(
    ("rules", "values", "expected"),
    [
        ("", {"a"}, {}),
        ("a=viewer", {"b"}, {}),
        ("a=viewer", {"a", "b"}, {None: Role.VIEWER}),
        ("a=viewer, b=owner, c=operator", {"a", "b", "c"}, {None: Role.OWNER}),
        ("*=viewer,a=api-admin@Sandbox", {"a"}, {None: Role.VIEWER, "s": Role.API_ADMIN}),
        ("*=viewer@Production", set(), {"p": Role.VIEWER}),
        ("a=owner@Nowhere", {"a"}, {}),
        ("cn=admins=owner", {"cn=admins"}, {None: Role.OWNER}),
    ],
)
def test_values_become_roles(
    rules: str, values: set[str], expected: dict[str | None, Role]
) -> None:
    """The highest role counts in each place; unknown environments give nothing."""
    assert mapped_roles(parse_rules(rules), values, ENVIRONMENTS) == expected


@pytest.mark.parametrize("rules", ["a", "=viewer", "a=god", "a=gateway", "a=", "a=viewer,b"])
def test_a_mapping_that_makes_no_sense_stops_the_start(rules: str) -> None:
    """The message names the entry and the form that it must have."""
    with pytest.raises(ControlPlaneError, match=r"setting oidc_roles: .* must be VALUE=ROLE"):
        IdentityProvider(Settings(**OIDC, oidc_roles=rules))


@pytest.mark.parametrize(
    ("claims", "name", "expected"),
    [
        ({"groups": ["a", "b"]}, "groups", {"a", "b"}),
        ({"groups": "a"}, "groups", {"a"}),
        ({"groups": [7, None, ""]}, "groups", {"7"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"https://a.test/roles": ["a"]}, "https://a.test/roles", {"a"}),
        ({"realm_access": "a"}, "realm_access.roles", set()),
        ({}, "groups", set()),
    ],
)
def test_a_claim_may_have_any_form(claims: dict[str, Any], name: str, expected: set[str]) -> None:
    """Providers send a list, one value, or an object."""
    assert claim_values(claims, name) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"oidc_issuer": "https://provider.test"}, "needs oidc_client_id"),
        (OIDC | {"oidc_client_secret": None}, "needs oidc_client_id"),
        ({"oidc_roles": "*=viewer"}, "oidc_issuer is missing"),
        ({"trusted_proxies": "10.0.0.0/8,proxy.test"}, "'proxy.test' is neither"),
    ],
)
def test_settings_that_make_no_sense_together(given: dict[str, Any], expected: str) -> None:
    """The message says what is missing."""
    with pytest.raises(ValidationError, match=expected):
        Settings(**given)


def test_the_secret_is_in_no_repr() -> None:
    """Neither of the settings nor of an error about them."""
    assert "secret-of-console" not in repr(Settings(**OIDC))


@pytest.mark.parametrize("text", ["", "x", "%%", "e30=", "bnVsbA==", "a" * 5000])
def test_a_damaged_handshake_is_refused_in_words(text: str) -> None:
    """Cookies can contain anything."""
    with pytest.raises(Exception, match="took too long, or began in another browser"):
        Handshake.read(text)
