"""Which key sources policies may use."""

from adapter.identity.outbound.url_text import UrlTextRules
from adapter.policy.tokens.trust import JwksSource


class KeySourceRules:
    """Judges the URLs of key sets in policies."""

    def __init__(self, urls: UrlTextRules) -> None:
        self._urls = urls

    def objection(self, source: JwksSource) -> str | None:
        """Why a URL of this source must not be called; None if all may be."""
        reasons = [why for url in source.urls if (why := self._urls.objection(url)) is not None]
        return "; ".join(f"jwksUrl: {why}" for why in reasons) or None
