"""Which URLs of identity providers may be called, as far as the text of the URL tells."""

from collections.abc import Collection

import httpx

from adapter.errors import PolicyError
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.host_rules import HostRules

_MAX_CHARACTERS = 2_000


class UrlRules:
    """What the operator says about the URLs in policies.

    `allowed_hosts`: see `HostRules`.
    """

    def __init__(
        self,
        guard: AddressGuard,
        *,
        allow_http: bool = False,
        allowed_hosts: Collection[str] | None = None,
    ) -> None:
        self._allow_http = allow_http
        self._hosts = HostRules(guard, allowed_hosts)

    def checked(self, text: str) -> httpx.URL:
        """The URL; raise PolicyError that names what is wrong with it, without its query."""
        url, host = _parsed(text)
        where = f"{url.scheme}://{host}"
        if url.scheme not in {"http", "https"} or not host:
            raise PolicyError(f"{where!r} is not an https URL with a host")
        if url.scheme == "http" and not self._allow_http:
            raise PolicyError(f"{where} is not https; the operator can set identity.allow_http")
        if url.userinfo:
            raise PolicyError(f"{where}: a user or password in the URL is not supported")
        objection = self._hosts.objection(host)
        if objection is not None:
            raise PolicyError(f"{where}: {objection}")
        return url.copy_with(fragment=None)


def _parsed(text: str) -> tuple[httpx.URL, str]:
    """The URL and its host. Reading the host decodes an international name, which may fail."""
    if len(text) > _MAX_CHARACTERS:
        raise PolicyError(f"a URL has at most {_MAX_CHARACTERS:,} characters")
    try:
        url = httpx.URL(text.strip())
        host = url.host
    except (httpx.InvalidURL, ValueError):
        raise PolicyError("not a URL") from None
    return url, host
