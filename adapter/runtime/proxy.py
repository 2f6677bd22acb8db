"""The proxy from the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

from urllib.request import getproxies, proxy_bypass

from yarl import URL


def proxy_for(url: URL) -> URL | None:
    """The proxy for that URL, with its user name and password; None if there is none.

    Raises ValueError if it cannot be used.
    """
    # NO_PROXY may contain an IPv6 address with or without brackets.
    if any(map(proxy_bypass, (url.raw_authority, url.raw_host or ""))):
        return None
    proxies = getproxies()
    named = proxies.get(url.scheme) or proxies.get("all")
    if not named:
        return None
    return _usable(named if "://" in named else f"http://{named}")


def _usable(named: str) -> URL:
    try:
        proxy = URL(named)
        # Basic authentication carries Latin-1 only. Otherwise every request would fail.
        f"{proxy.user}{proxy.password}".encode("latin-1")
    except ValueError:
        raise ValueError("the proxy in the environment is not a valid URL") from None
    if proxy.scheme not in {"http", "https"}:
        raise ValueError(
            f"the proxy in the environment has the unsupported scheme {proxy.scheme!r}: "
            "use http:// or https://"
        )
    if not proxy.host:
        raise ValueError("the proxy in the environment has no host name")
    return proxy
