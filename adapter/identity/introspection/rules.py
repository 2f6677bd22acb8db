"""Which introspection endpoints policies may use."""

from typing import Final

from adapter.identity.outbound.url_text import UrlTextRules
from adapter.policy.tokens.introspection import IntrospectionSource

_NO_CLIENT_PROVIDER: Final = (
    "the adapter does not know the organization's client provider, because the platform does not "
    "send it; set identity.client_provider in the adapter's settings, or introspectionURL and "
    "authorizationValue in the policy"
)


class EndpointRules:
    """Judges the endpoints of policies."""

    def __init__(self, urls: UrlTextRules, *, has_client_provider: bool) -> None:
        self._urls = urls
        self._has_client_provider = has_client_provider

    def objection(self, source: IntrospectionSource) -> str | None:
        """Why the policy cannot use this source; None if it can."""
        if not source.url:
            return None if self._has_client_provider else _NO_CLIENT_PROVIDER
        objection = self._urls.objection(source.url)
        return None if objection is None else f"introspectionURL: {objection}"
