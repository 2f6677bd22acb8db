"""Where tests have key sets fetched from: a function with a script."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from adapter.policy.catalog import AppliedPolicy
from adapter.policy.effects.token import TokenState, VerifyToken
from adapter.policy.tokens.trust import JwksSource, TokenTrust
from support.token_issuer import TokenIssuer, key_set
from tests.builders import applied
from tests.rig.clock import FakeClock

URL = "https://issuer.test/keys"
SOURCE = JwksSource((URL,), ttl_s=60, timeout_s=10)


class KeyServer:
    """Answers each fetch with the current key sets by URL, when `held` lets it."""

    def __init__(self, *issuers: TokenIssuer) -> None:
        self.documents: dict[str, bytes] = {URL: key_set(*(issuer.jwk for issuer in issuers))}
        self.fault: Exception | None = None
        self.fetched: list[str] = []
        self.held = asyncio.Event()
        self.held.set()

    def serve(self, *issuers: TokenIssuer, url: str = URL) -> None:
        """Have these keys from now on."""
        self.documents[url] = key_set(*(issuer.jwk for issuer in issuers))

    async def fetch(self, url: str, timeout_s: float) -> bytes:
        """See `FetchKeys`."""
        self.fetched.append(url)
        await self.held.wait()
        if self.fault is not None:
            raise self.fault
        return self.documents[url]


def a_policy(*urls: str, **configuration: Any) -> AppliedPolicy:
    """A policy whose keys are at these URLs."""
    url = ",".join(urls or (URL,))
    keys = {"jwtKeyOrigin": "jwks", "jwksUrl": url, "jwksServiceTimeToLive": 1}
    return applied("jwt-validation", keys | {"skipClientIdValidation": True} | configuration)


def an_effect(token: str, trust: TokenTrust | None = None) -> VerifyToken:
    """Ask whether a token is good."""
    return VerifyToken(token, trust or TokenTrust(SOURCE, {"RS256"}), _unjudged)


def _unjudged(_: TokenState) -> Any:
    raise AssertionError("only the policy judges")


async def settled_after(
    clock: FakeClock, pending: Awaitable[TokenState], step: Callable[[], None] = lambda: None
) -> TokenState:
    """What comes out, once all tasks have gone as far as they can after that step."""
    task = asyncio.ensure_future(pending)
    await clock.settle()
    step()
    return await task
