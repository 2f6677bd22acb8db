"""The organization's client provider, which the operator names in the settings."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol
from urllib.parse import quote_plus, urlsplit

from adapter.errors import PolicyError, ProviderError
from adapter.policy.tokens.strict_json import strict_object
from adapter.runtime.clock import Clock, MonotonicTime

if TYPE_CHECKING:
    # The module imports httpx, which takes a noticeable part of a start.
    from adapter.identity.outbound.provider_client import ProviderAnswer

_DISCOVERED_FOR_S: Final = 600.0
_OK: Final = 200


class IntrospectionEndpoint(NamedTuple):
    """Where a token is introspected, and how the adapter says who it is."""

    url: str
    headers: Mapping[str, str]
    fields: Mapping[str, str] = {}
    """Fields of the form in addition to the token."""


class GetDocument(Protocol):
    """Fetches a document from a provider."""

    async def __call__(self, url: str, timeout_s: float) -> "ProviderAnswer":
        """GET the URL; raises PolicyError or ProviderError."""


class ClientProvider:
    """Knows the endpoint of the client provider: from the settings, or by discovery.

    The issuer's metadata are fetched when the first token is introspected, and again every ten
    minutes. If that fails, the endpoint stays as it was.
    """

    def __init__(
        self,
        get: GetDocument,
        clock: Clock,
        *,
        introspection_url: str | None,
        issuer: str | None,
        client_id: str,
        client_secret: str,
    ) -> None:
        self._get = get
        self._clock = clock
        self._issuer = issuer
        self._client_id = client_id
        self._secret = client_secret
        self._known: IntrospectionEndpoint | None = None
        self._due_at = MonotonicTime(float("-inf"))
        if introspection_url is not None:
            self._known = self._endpoint(introspection_url, {})
            self._due_at = MonotonicTime(float("inf"))

    async def endpoint(self, timeout_s: float) -> IntrospectionEndpoint:
        """The endpoint; raises ProviderError if it cannot be discovered."""
        if self._clock.monotonic() < self._due_at and self._known is not None:
            return self._known
        try:
            metadata = await self._metadata(self._issuer or "", timeout_s)
            self._known = self._endpoint(metadata["introspection_endpoint"], metadata)
        except (ProviderError, PolicyError) as e:
            if self._known is None:
                raise ProviderError(f"its endpoint cannot be discovered: {e}") from None
        self._due_at = MonotonicTime(self._clock.monotonic() + _DISCOVERED_FOR_S)
        return self._known

    async def _metadata(self, issuer: str, timeout_s: float) -> Mapping[str, Any]:
        """What the issuer says about itself, by OpenID Connect Discovery 1.0 or RFC 8414."""
        answer = await self._get(
            f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout_s
        )
        if answer.status != _OK:
            answer = await self._get(_oauth_metadata_url(issuer), timeout_s)
        if answer.status != _OK:
            raise ProviderError(f"it has no metadata: it answered {answer.status}")
        try:
            metadata = strict_object(answer.body)
        except ValueError as e:
            raise ProviderError(f"its metadata are unusable: {e}") from None
        if metadata.get("issuer") != issuer:
            raise ProviderError("its metadata name another issuer than identity.client_provider")
        if not isinstance(metadata.get("introspection_endpoint"), str):
            raise ProviderError("its metadata name no introspection_endpoint")
        return metadata

    def _endpoint(self, url: str, metadata: Mapping[str, Any]) -> IntrospectionEndpoint:
        """How to say who we are: HTTP basic, unless the provider takes forms only."""
        methods = metadata.get("introspection_endpoint_auth_methods_supported") or metadata.get(
            "token_endpoint_auth_methods_supported"
        )
        if isinstance(methods, list) and "client_secret_basic" not in methods:
            fields = {"client_id": self._client_id, "client_secret": self._secret}
            return IntrospectionEndpoint(url, {}, fields)
        # RFC 6749, 2.3.1: both parts are encoded like a form first.
        pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
        basic = base64.b64encode(pair.encode()).decode()
        return IntrospectionEndpoint(url, {"authorization": f"Basic {basic}"})


def _oauth_metadata_url(issuer: str) -> str:
    """RFC 8414, section 3.1: the well-known part comes before the issuer's path."""
    url = urlsplit(issuer)
    path = url.path.rstrip("/")
    return f"{url.scheme}://{url.netloc}/.well-known/oauth-authorization-server{path}"
