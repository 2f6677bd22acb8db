"""One question to an identity provider about a token (RFC 7662, section 2)."""

from typing import TYPE_CHECKING, Final

from adapter.errors import PolicyError, ProviderError
from adapter.identity.introspection.client_provider import IntrospectionEndpoint
from adapter.policy.tokens.introspection import Introspected, read_answer

if TYPE_CHECKING:
    # These modules import httpx, which takes a noticeable part of a start.
    from adapter.identity.outbound.provider_client import ProviderAnswer
    from adapter.identity.outbound.provider_clients import ProviderClients

_OK: Final = 200
_DOWN: Final = frozenset({429, 502, 503, 504})
"""What providers and the load balancers before them answer while they are down or overloaded."""
_OUR_FAULT: Final = frozenset({400, 401, 403})


async def introspect(
    clients: "ProviderClients", endpoint: IntrospectionEndpoint, token: str, timeout_s: float
) -> Introspected:
    """Ask about the token.

    Raises ProviderError if the provider is down or too slow, and ValueError if its answer cannot be
    used: then asking again would not help.
    """
    form = {"token": token, "token_type_hint": "access_token", **endpoint.fields}
    try:
        client = clients.client_for(endpoint.url)
        answer = await client.post_form(endpoint.url, form, endpoint.headers, timeout_s=timeout_s)
    except PolicyError as e:
        raise ValueError(str(e)) from None
    if answer.status in _DOWN:
        raise ProviderError(f"it answered {answer.status}")
    return _read(answer)


def _read(answer: "ProviderAnswer") -> Introspected:
    if answer.status in _OUR_FAULT:
        raise ValueError(
            f"it answered {answer.status}; check the credentials that the policy or "
            "identity.client_provider has for the provider"
        )
    if answer.status != _OK:
        raise ValueError(f"it answered {answer.status}, not {_OK}")
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise ValueError("its answer is not application/json")
    try:
        return read_answer(answer.body)
    except ValueError as e:
        raise ValueError(f"its answer cannot be used: {e}") from None
