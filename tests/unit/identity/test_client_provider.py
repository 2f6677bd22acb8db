"""How the endpoint of the operator's client provider is found."""

import base64
import json
from typing import Any

import pytest

from adapter.errors import ProviderError
from adapter.identity.introspection.client_provider import ClientProvider
from adapter.identity.outbound.provider_client import ProviderAnswer
from tests.rig.clock import FakeClock

ISSUER = "https://idp.test/tenant"
OPENID = "https://idp.test/tenant/.well-known/openid-configuration"
OAUTH = "https://idp.test/.well-known/oauth-authorization-server/tenant"
METADATA = {"issuer": ISSUER, "introspection_endpoint": "https://idp.test/introspect"}


class Documents:
    """The documents of a provider, by URL."""

    def __init__(self, **metadata: Any) -> None:
        self.by_url: dict[str, bytes] = {OPENID: json.dumps(METADATA | metadata).encode()}
        self.fetched: list[str] = []
        self.down = False

    async def get(self, url: str, timeout_s: float) -> ProviderAnswer:
        """See `GetDocument`."""
        self.fetched.append(url)
        if self.down:
            raise ProviderError("down")
        body = self.by_url.get(url)
        return ProviderAnswer(404, {}, b"") if body is None else ProviderAnswer(200, {}, body)


def a_provider(documents: Documents, clock: FakeClock, **changes: Any) -> ClientProvider:
    """A provider with these documents, found by its issuer."""
    values: dict[str, Any] = {"introspection_url": None, "issuer": ISSUER}
    credentials = {"client_id": "gate way", "client_secret": "a:b"}
    return ClientProvider(documents.get, clock, **values | credentials | changes)


async def test_a_url_in_the_settings_needs_no_discovery() -> None:
    """The credentials are encoded as RFC 6749, section 2.3.1, says."""
    documents = Documents()
    url = "https://idp.test/x"
    provider = a_provider(documents, FakeClock(), introspection_url=url, issuer=None)
    endpoint = await provider.endpoint(1)
    basic = base64.b64decode(endpoint.headers["authorization"].removeprefix("Basic "))
    assert (endpoint.url, basic, endpoint.fields) == (url, b"gate+way:a%3Ab", {})
    assert not documents.fetched


async def test_the_issuer_says_where_its_endpoint_is() -> None:
    """It is asked again after ten minutes, and an outage then does no harm."""
    documents, clock = Documents(), FakeClock()
    provider = a_provider(documents, clock)
    for _ in range(2):
        assert (await provider.endpoint(1)).url == "https://idp.test/introspect"
    assert documents.fetched == [OPENID]
    await clock.advance(600)
    documents.down = True
    assert (await provider.endpoint(1)).url == "https://idp.test/introspect"
    assert documents.fetched == [OPENID, OPENID]


async def test_a_provider_without_openid_connect_is_found_too() -> None:
    """By RFC 8414, which puts the well-known part before the issuer's path."""
    documents = Documents()
    documents.by_url = {OAUTH: documents.by_url[OPENID]}
    assert (await a_provider(documents, FakeClock()).endpoint(1)).url.endswith("/introspect")


async def test_a_provider_that_takes_forms_only_gets_the_credentials_there() -> None:
    """Its metadata say so."""
    documents = Documents(introspection_endpoint_auth_methods_supported=["client_secret_post"])
    endpoint = await a_provider(documents, FakeClock()).endpoint(1)
    assert not endpoint.headers
    assert endpoint.fields == {"client_id": "gate way", "client_secret": "a:b"}


@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        b"[]",
        json.dumps(METADATA | {"issuer": "https://evil.test"}).encode(),
        json.dumps(METADATA | {"issuer": ISSUER + "/"}).encode(),
        json.dumps(METADATA | {"introspection_endpoint": 7}).encode(),
        json.dumps({"issuer": ISSUER}).encode(),
        None,
    ],
    ids=range(7),
)
async def test_metadata_that_leave_doubts_are_refused(document: bytes | None) -> None:
    """Until the provider has better ones; nothing is remembered of the failure."""
    documents = Documents()
    good = documents.by_url.copy()
    documents.by_url = {} if document is None else {OPENID: document}
    provider = a_provider(documents, FakeClock())
    with pytest.raises(ProviderError, match="discovered"):
        await provider.endpoint(1)
    documents.by_url = good
    assert (await provider.endpoint(1)).url == "https://idp.test/introspect"
