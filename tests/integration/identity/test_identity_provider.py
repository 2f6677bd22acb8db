"""The rig's identity provider does what tests expect of it."""

import json

from adapter.identity.outbound.provider_client import ProviderClient
from tests.integration.identity.test_provider_client import TIMEOUT_S, client
from tests.rig.identity_provider import GATEWAY, IdentityProvider, authorization


async def _introspected(http: ProviderClient, provider: IdentityProvider, token: str) -> object:
    headers = {"authorization": authorization(*GATEWAY)}
    answer = await http.post_form(
        provider.introspection_url, {"token": token}, headers, timeout_s=TIMEOUT_S
    )
    return json.loads(answer.body)["active"]


async def test_a_token_is_active_until_it_is_revoked(provider: IdentityProvider) -> None:
    """Keys that change meanwhile make no difference to opaque tokens."""
    token = await provider.token()
    async with client("127.0.0.0/8") as http:
        assert await _introspected(http, provider, token) is True
        await provider.rotate_keys()
        assert await _introspected(http, provider, token) is True
        await provider.revoke(token)
        assert await _introspected(http, provider, token) is False


async def test_rotated_keys_are_others(provider: IdentityProvider) -> None:
    """No key stays."""
    async with client("127.0.0.0/8") as http:
        before: set[str] = set()
        after: set[str] = set()
        for kids in (before, after):
            answer = await http.get(provider.jwks_url, timeout_s=TIMEOUT_S)
            kids.update(key["kid"] for key in json.loads(answer.body)["keys"])
            await provider.rotate_keys()
        assert len(before) == len(after) == 2
        assert not before & after
