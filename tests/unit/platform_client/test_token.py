"""The token: who gets it, when it is renewed, and where it goes."""

import asyncio
from typing import Any

import httpx
import pytest

from adapter.errors import (
    ConfigurationError,
    DocumentError,
    PlatformRefusedError,
    PlatformUnavailableError,
)
from adapter.platform_client.protocol.documents import TOKEN
from tests.rig.clock import FakeClock
from tests.rig.platform_options import options
from tests.rig.platform_simulator import (
    PlatformSimulator,
    answering,
)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.test/contracts",
        "https://platform.test/contracts",
        "http://platform.test:81/contracts",
        "http://platform.test@evil.test/contracts",
        "http://platform.test\\@evil.test/contracts",
        "http://user:pass@platform.test/contracts",
        "http://platform.test./contracts",
        "http://platform.test/contracts\r\nhost: evil.test",
        "http://platform.test/contr\u0430cts",
        "//evil.test",
        "file:///etc/passwd",
        "http://[::1",
        "",
    ],
)
async def test_the_token_goes_to_the_platform_only(platform: PlatformSimulator, url: str) -> None:
    """A link to another origin is not followed; not even the token is fetched for it."""
    with pytest.raises(DocumentError, match="the token is not sent there"):
        async with platform.client().contract_page(url):
            pytest.fail("there can be no page")
    assert platform.requests == []


async def test_a_redirect_is_not_followed(platform: PlatformSimulator) -> None:
    """The token does not travel to where a redirect points; the operator is told."""
    platform.fail("/policies", answering(302, location="http://platform.test/elsewhere"))
    with pytest.raises(DocumentError, match="base_url"):
        await platform.client().policies("7")
    assert platform.asked("/elsewhere") == []


@pytest.mark.parametrize(
    "address",
    ["platform.test", "ftp://platform.test", "https://", "", "https://a:secret@platform.test"],
)
async def test_an_address_that_is_none_is_a_mistake_in_the_settings(
    platform: PlatformSimulator, address: str
) -> None:
    """It is named at the start, not found out by polls that fail."""
    with pytest.raises(ConfigurationError, match=r"platform\.base_url") as caught:
        platform.client(base_url=address)
    assert "secret" not in str(caught.value)


async def test_one_token_serves_everybody(platform: PlatformSimulator) -> None:
    """Many polls at once fetch one token."""
    client = platform.client()
    await asyncio.gather(*(client.policies("7") for _ in range(10)))
    assert len(platform.asked("/oauth2/token")) == 1


async def test_a_token_is_renewed_before_it_expires(
    platform: PlatformSimulator, clock: FakeClock
) -> None:
    """No poll fails because a token ran out."""
    client = platform.client()
    await client.policies("7")
    await clock.advance(3300)
    await client.policies("7")
    assert len(platform.asked("/oauth2/token")) == 2


async def test_a_refused_token_is_renewed_once(platform: PlatformSimulator) -> None:
    """A platform that restarted and forgot the token gets a new one within the same poll."""
    client = platform.client()
    await client.policies("7")
    platform.expire_tokens()
    await client.policies("7")
    assert len(platform.asked("/oauth2/token")) == 2


async def test_a_401_to_a_new_token_is_final(platform: PlatformSimulator) -> None:
    """The platform is not asked in circles."""
    platform.fail("/policies", answering(401))
    with pytest.raises(PlatformRefusedError):
        await platform.client().policies("7")
    assert len(platform.asked("/policies")) == 2


@pytest.mark.parametrize("status", [400, 401])
async def test_refused_credentials_are_the_operators_matter(
    platform: PlatformSimulator, status: int
) -> None:
    """Wrong credentials are named as such, in either of the forms that RFC 6749 allows."""
    platform.fail("/oauth2/token", answering(status, '{"error": "invalid_client"}'))
    with pytest.raises(PlatformRefusedError, match=r"check platform\.client_id and"):
        await platform.client().policies("7")


async def test_a_failing_token_endpoint_is_left_in_peace(
    platform: PlatformSimulator, clock: FakeClock
) -> None:
    """A hundred APIs in need of a token are one request; after a pause there is another."""
    client = platform.client()
    platform.fail("/oauth2/token", answering(503))
    found = await asyncio.gather(
        *(client.policies("7") for _ in range(100)), return_exceptions=True
    )
    assert all(isinstance(error, PlatformUnavailableError) for error in found)
    assert len(platform.asked("/oauth2/token")) == 1
    platform.recover()
    await clock.advance(2)
    assert (await client.policies("7")).rows is not None


async def test_a_token_document_hides_its_token(platform: PlatformSimulator) -> None:
    """A token does not get into a log by way of a repr."""
    document = TOKEN.validate_python({"access_token": "precious"})
    assert "precious" not in repr(document)
    assert "gateway-secret" not in repr(options())


@pytest.mark.parametrize("token", ["", "two\nlines", "zażółć", 5])
async def test_a_token_that_no_header_can_carry_is_refused_unseen(
    platform: PlatformSimulator, token: Any
) -> None:
    """The error names the platform's mistake, and does not show the token."""
    platform.fail("/oauth2/token", lambda _: httpx.Response(200, json={"access_token": token}))
    with pytest.raises(DocumentError, match="access_token") as caught:
        await platform.client().policies("7")
    assert "lines" not in str(caught.value)


async def test_however_the_origin_is_written_it_is_the_platforms(
    platform: PlatformSimulator,
) -> None:
    """Capitals and the usual port change nothing."""
    async with platform.client().contract_page("HTTP://Platform.test:80/apis/7/contracts"):
        assert platform.asked("/contracts")
