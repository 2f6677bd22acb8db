"""The proxy that the environment names: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

from urllib.request import getproxies, proxy_bypass

from yarl import URL

from adapter.platform_client.http.exchange import HttpError


def proxy_for(url: URL) -> URL | None:
    """The proxy by which to reach that URL, its user and password included; None for none.

    Raises HttpError for one that cannot be used.
    """
    # Each of an IPv6 address's two forms may stand in NO_PROXY.
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
        # A user that HTTP's basic authentication cannot carry would be found out at each request.
        f"{proxy.user}{proxy.password}".encode("latin-1")
    except ValueError:
        raise HttpError("the proxy in the environment is no address") from None
    if proxy.scheme not in {"http", "https"} or not proxy.host:
        raise HttpError(f"the proxy in the environment is none of HTTP, but {proxy.scheme or '?'}")
    return proxy
