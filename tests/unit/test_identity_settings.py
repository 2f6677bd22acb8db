"""Settings for identity providers that do not fit together."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapter.settings import IdentitySettings, RequestSettings

PROVIDER: dict[str, Any] = {
    "issuer": "https://idp.test",
    "client_id": "gateway",
    "client_secret": "secret",
}
URL = "https://idp.test/introspect"


def test_a_client_provider_needs_credentials_and_a_place() -> None:
    """By its issuer, or by its endpoint; or there is none."""
    by_url = {name: value for name, value in PROVIDER.items() if name != "issuer"}
    IdentitySettings(client_provider=PROVIDER)
    IdentitySettings(client_provider={**by_url, "introspection_url": URL})
    assert IdentitySettings().client_provider.client_secret is None


@pytest.mark.parametrize("missing", PROVIDER)
def test_a_client_provider_that_is_incomplete_is_an_error(missing: str) -> None:
    """The message says what belongs together."""
    incomplete = {name: value for name, value in PROVIDER.items() if name != missing}
    with pytest.raises(ValidationError, match="client_id, client_secret, and one of"):
        IdentitySettings(client_provider=incomplete)


def test_a_client_provider_has_one_place() -> None:
    """Two could contradict each other."""
    with pytest.raises(ValidationError, match="one of issuer and introspection_url"):
        IdentitySettings(client_provider=PROVIDER | {"introspection_url": URL})


def test_identity_headers_are_none_that_policies_write() -> None:
    """A field of an introspection answer must not pass for the client id."""
    with pytest.raises(ValidationError, match="identity_header_prefix"):
        RequestSettings(identity_header_prefix="x-agw-")


def test_a_prefix_does_not_cover_headers_that_are_needed() -> None:
    """Clients' headers that begin with it are removed: x- would take x-forwarded-for away."""
    with pytest.raises(ValueError, match=r"must be longer.*x-request-id is one of them"):
        RequestSettings(identity_header_prefix="x-")
