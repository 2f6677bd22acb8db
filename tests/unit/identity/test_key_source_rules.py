"""Which URLs of key sets a policy may name."""

import pytest

from adapter.app.needs import objection_to_needs
from adapter.policy.tokens.trust import JwksSource
from adapter.settings import IdentitySettings


def objection(url: str, **settings: object) -> str | None:
    """Why a policy must not name it."""
    source = JwksSource(("https://good.test/keys", url), 60, 10)
    return objection_to_needs(IdentitySettings.model_validate(settings))(source)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://issuer.test/", "identity.allow_http"),
        ("https://169.254.169.254/", "link-local"),
        ("https://127.0.0.1/", "allow_networks"),
        ("https://[::1]/", "allow_networks"),
        ("https://user:secret@issuer.test/", "a user or password"),
        ("https:///keys", "no host"),
        ("https://[::1/", "not a URL"),
    ],
)
def test_what_may_not_be_called_closes_the_api(url: str, reason: str) -> None:
    """The admin reads the reason before the first request comes."""
    found = objection(url)
    assert found is not None
    assert reason in found
    assert "secret" not in found


def test_what_the_operator_allows_is_no_objection() -> None:
    """Networks, http and hosts."""
    assert objection("https://issuer.test/") is None
    assert objection("http://127.0.0.1/", allow_http=True, allow_networks=["127.0.0.0/8"]) is None
    hosts = {"allowed_hosts": ["good.test", "*.issuer.test"]}
    assert objection("https://login.issuer.test/", **hosts) is None
    assert "allowed_hosts" in (objection("https://other.test/", **hosts) or "")
