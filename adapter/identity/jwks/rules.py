"""Which key sources policies may use."""

from urllib.parse import urlsplit

from adapter.identity.outbound.host_rules import HostRules
from adapter.policy.tokens.trust import JwksSource


class KeySourceRules:
    """What the operator allows, as far as the text of a URL tells.

    This tells admins early what is wrong. `UrlRules` and `AddressGuard` decide at each call.
    """

    def __init__(self, hosts: HostRules, *, allow_http: bool) -> None:
        self._hosts = hosts
        self._allow_http = allow_http

    def objection(self, source: JwksSource) -> str | None:
        """Why a URL of this source must not be called; None if all may be."""
        reasons = [reason for url in source.urls if (reason := self._objection(url)) is not None]
        return "; ".join(reasons) or None

    def _objection(self, url: str) -> str | None:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            return "jwksUrl: not a URL"
        if not host:
            return "jwksUrl: a URL has no host"
        where = f"jwksUrl: {parts.scheme}://{host}"
        if parts.scheme != "https" and not self._allow_http:
            return f"{where} is not https; the operator can set identity.allow_http"
        if parts.username is not None or parts.password is not None:
            return f"{where}: a user or password in the URL is not supported"
        objection = self._hosts.objection(host)
        return None if objection is None else f"{where}: {objection}"
