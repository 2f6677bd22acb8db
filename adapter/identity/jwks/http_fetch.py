"""Fetches JWK sets over HTTP."""

from http import HTTPStatus
from typing import Final

from adapter.errors import ProviderError
from adapter.identity.outbound.provider_clients import ProviderClients

_ACCEPT: Final = "application/jwk-set+json, application/json;q=0.9, */*;q=0.1"


async def fetch_document(providers: ProviderClients, url: str, timeout_s: float) -> bytes:
    """Fetch the document at a URL. Raises ProviderError, or PolicyError for a forbidden URL."""
    client = providers.client_for(url)
    answer = await client.get(url, timeout_s=timeout_s, accept=_ACCEPT)
    if answer.status != HTTPStatus.OK:
        raise ProviderError(f"{url.partition('?')[0]}: status {answer.status}, not 200")
    return answer.body
