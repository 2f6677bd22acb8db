"""Providers that answer something else than a token's state."""

import asyncio
import json

import pytest
from aiohttp import web

from adapter.errors import ProviderError
from adapter.policy.effects.token import RefusedToken, UnusableAnswer, VerifiedToken
from tests.integration.http_client.servers import serving, speaking
from tests.integration.identity.introspection.asking import answer, introspection, source_at

ACTIVE = b'{"active": true, "exp": 9000000000}'


class Provider:
    """A provider that gives one answer to every question."""

    def __init__(
        self, body: bytes = ACTIVE, status: int = 200, content_type: str = "application/json"
    ) -> None:
        self.answer = (body, status, content_type)
        self.questions: list[tuple[str, str | None, str]] = []

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer."""
        form = (await request.read()).decode()
        self.questions.append((request.method, request.headers.get("authorization"), form))
        body, status, content_type = self.answer
        return web.Response(body=body, status=status, headers={"content-type": content_type})


async def test_the_question_is_what_the_protocol_says() -> None:
    """RFC 7662, section 2.1: a form with the token, and our credentials."""
    provider = Provider(content_type="application/json; charset=utf-8")
    async with serving(provider.handle) as url, introspection() as by:
        assert isinstance(await answer(by, source_at(url), "a/b+c="), VerifiedToken)
    credentials = "Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldA=="
    form = "token=a%2Fb%2Bc%3D&token_type_hint=access_token"
    assert provider.questions == [("POST", credentials, form)]


@pytest.mark.parametrize(
    ("provider", "why"),
    [
        (Provider(content_type="text/html"), "application/json"),
        (Provider(content_type="application/token-introspection+jwt"), "application/json"),
        (Provider(content_type=""), "application/json"),
        (Provider(b"<html>"), "cannot be used"),
        (Provider(b'{"active": "true"}'), "active"),
        (Provider(b'{"active": true, "active": false}'), "twice"),
        (Provider(b'{"active": true, "a": "%b"}' % (b"a" * 100_000)), "longer"),
        (Provider(status=201), "201"),
        (Provider(status=302), "302"),
        (Provider(status=401), "credentials"),
        (Provider(status=404), "404"),
        (Provider(status=500), "500"),
    ],
    ids=range(12),
)
async def test_an_answer_that_cannot_be_used_lets_nobody_in(provider: Provider, why: str) -> None:
    """It is a denial, so nobody gets in through `failure_mode_allow` with a strange token."""
    async with serving(provider.handle) as url, introspection() as by:
        state = await answer(by, source_at(f"{url}/?key=hidden"), "token")
        assert isinstance(state, UnusableAnswer)
        assert why in state.why
        assert "hidden" not in state.why


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_provider_that_is_down_is_an_error(status: int) -> None:
    """Nobody can decide."""
    async with serving(Provider(status=status).handle) as url, introspection() as by:
        with pytest.raises(ProviderError, match=str(status)):
            await answer(by, source_at(url), "token")


async def test_an_answer_that_never_ends_is_an_error() -> None:
    """Its bytes are bounded."""

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while True:
            writer.write(b" " * 65_536)
            await writer.drain()

    async with speaking(endless) as url, introspection() as by:
        with pytest.raises(ProviderError, match="larger"):
            await answer(by, source_at(url), "token")


async def test_an_answer_that_comes_too_late_is_an_error() -> None:
    """The provider's own time is over."""
    never = asyncio.Event()

    async def silent(_: web.BaseRequest) -> web.Response:
        await never.wait()
        return web.Response()

    async with serving(silent) as url, introspection() as by:
        with pytest.raises(ProviderError, match=r"within 0\.05 s"):
            await answer(by, source_at(url, timeout_s=0.05), "token")
        never.set()


async def test_an_address_that_the_operator_refuses_is_not_called() -> None:
    """Also if the policy was synced under other settings."""
    provider = Provider()
    async with serving(provider.handle) as url, introspection(allowed_hosts=["idp.test"]) as by:
        state = await answer(by, source_at(url), "token")
        assert isinstance(state, UnusableAnswer)
        assert "identity.allowed_hosts" in state.why
    assert not provider.questions


async def test_an_inactive_token_is_refused() -> None:
    """Whatever else the answer says."""
    body = json.dumps({"active": False, "client_id": "c1", "exp": 9_000_000_000}).encode()
    async with serving(Provider(body).handle) as url, introspection() as by:
        assert isinstance(await answer(by, source_at(url), "token"), RefusedToken)
