"""What the text of a URL in a policy tells, when the policy is synced."""

from urllib.parse import urlsplit

from adapter.identity.outbound.host_rules import HostRules


class UrlTextRules:
    """What the operator allows, as far as the text of a URL tells.

    This tells admins early what is wrong. `UrlRules` and `AddressGuard` decide at each call; they
    need libraries that take long to import.
    """

    def __init__(self, hosts: HostRules, *, allow_http: bool) -> None:
        self._hosts = hosts
        self._allow_http = allow_http

    def objection(self, url: str) -> str | None:
        """Why this URL must not be called, without its query; None if it may be."""
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            return "not a URL"
        if not host:
            return "a URL has no host"
        where = f"{parts.scheme}://{host}"
        if parts.scheme != "https" and not self._allow_http:
            return f"{where} is not https; the operator can set identity.allow_http"
        if parts.username is not None or parts.password is not None:
            return f"{where}: a user or password in the URL is not supported"
        objection = self._hosts.objection(host)
        return None if objection is None else f"{where}: {objection}"
