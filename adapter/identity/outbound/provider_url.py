"""Which URLs of identity providers may be called, as far as the text of the URL tells."""

from collections.abc import Collection
from ipaddress import ip_address

import httpx

from adapter.errors import PolicyError
from adapter.identity.outbound.address_guard import AddressGuard

_MAX_CHARACTERS = 2_000


class UrlRules:
    """What the operator says about the URLs in policies.

    `allowed_hosts`: only these host names, or None for any. A name that begins with `*.` allows
    every subdomain.
    """

    def __init__(
        self,
        guard: AddressGuard,
        *,
        allow_http: bool = False,
        allowed_hosts: Collection[str] | None = None,
    ) -> None:
        self._guard = guard
        self._allow_http = allow_http
        self._hosts = None if allowed_hosts is None else {host.lower() for host in allowed_hosts}

    def checked(self, text: str) -> httpx.URL:
        """The URL; raise PolicyError that names what is wrong with it, without its query."""
        url = _parsed(text)
        where = f"{url.scheme}://{url.host}"
        if url.scheme not in {"http", "https"} or not url.host:
            raise PolicyError(f"{where!r} is not an https URL with a host")
        if url.scheme == "http" and not self._allow_http:
            raise PolicyError(f"{where} is not https; the operator can set identity.allow_http")
        if url.userinfo:
            raise PolicyError(f"{where}: a user or password in the URL is not supported")
        if self._hosts is not None and not self._is_allowed(url.host.lower()):
            raise PolicyError(f"{where}: the host is not in identity.allowed_hosts")
        self._check_address(url.host, where)
        return url.copy_with(fragment=None)

    def _is_allowed(self, host: str) -> bool:
        hosts = self._hosts or set()
        parents = (f"*.{host[at + 1 :]}" for at, char in enumerate(host) if char == ".")
        return host in hosts or any(parent in hosts for parent in parents)

    def _check_address(self, host: str, where: str) -> None:
        try:
            address = ip_address(host)
        except ValueError:
            return
        objection = self._guard.objection(address)
        if objection is not None:
            raise PolicyError(f"{where}: the address is {objection}")


def _parsed(text: str) -> httpx.URL:
    if len(text) > _MAX_CHARACTERS:
        raise PolicyError(f"a URL has at most {_MAX_CHARACTERS:,} characters")
    try:
        return httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError):
        raise PolicyError("not a URL") from None
