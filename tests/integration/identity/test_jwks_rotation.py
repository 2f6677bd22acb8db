"""Key sets of a real identity provider: rotation, outage and return."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from adapter.identity.outbound.provider_client import ProviderClient
from adapter.identity.tokens.verifier import TokenVerifier
from adapter.policy.effects.token import NoKeys, TokenState, VerifiedToken
from adapter.policy.tokens.trust import JwksSource, TokenTrust
from adapter.runtime.clock import SystemClock
from support.defaults import key_sets, token_verifier
from tests.integration.identity.test_provider_client import TIMEOUT_S, client
from tests.rig.identity_provider import IdentityProvider
from tests.unit.identity.key_server import an_effect

MakeVerifier = Callable[[], TokenVerifier]


@pytest_asyncio.fixture
async def make_verifier() -> AsyncIterator[MakeVerifier]:
    """Makes verifiers that fetch key sets over HTTP."""
    async with client("127.0.0.0/8") as http:
        yield lambda: _verifier(http)


def _verifier(http: ProviderClient) -> TokenVerifier:
    async def fetch(url: str, timeout_s: float) -> bytes:
        return (await http.get(url, timeout_s=timeout_s)).body

    clock = SystemClock()
    return token_verifier(clock, key_sets(clock, fetch=fetch, cooldown_s=0))


async def settled(verifier: TokenVerifier, token: str, trust: TokenTrust) -> TokenState:
    """What a Check with that token gets to know, within Envoy's deadline."""
    effect = an_effect(token, trust)
    return verifier.verify(effect) or await verifier.verify_later(effect, TIMEOUT_S)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_rotation_refuses_no_new_token(
    provider: IdentityProvider, make_verifier: MakeVerifier, algorithm: str
) -> None:
    """The first token with a new key fetches the new key set."""
    verifier = make_verifier()
    trust = TokenTrust(JwksSource((provider.jwks_url,), 3600, TIMEOUT_S), {algorithm})
    before = await provider.token(algorithm=algorithm)
    assert isinstance(await settled(verifier, before, trust), VerifiedToken)
    await provider.rotate_keys()
    after = await provider.token(algorithm=algorithm)
    assert isinstance(await settled(verifier, after, trust), VerifiedToken)


async def test_known_keys_serve_while_the_provider_is_down(
    provider: IdentityProvider, make_verifier: MakeVerifier
) -> None:
    """Only a verifier that never had a key set cannot decide, until the provider is back."""
    trust = TokenTrust(JwksSource((provider.jwks_url,), 3600, TIMEOUT_S), {"RS256"})
    token, later = [await provider.token(algorithm="RS256") for _ in range(2)]
    known, unknown = make_verifier(), make_verifier()
    assert isinstance(await settled(known, token, trust), VerifiedToken)
    provider.stop()
    try:
        assert isinstance(await settled(known, later, trust), VerifiedToken)
        assert isinstance(await settled(unknown, token, trust), NoKeys)
    finally:
        await provider.start()
