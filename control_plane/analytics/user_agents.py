"""Families of user agents: `curl/8.5.0` is `curl`, and a browser is `Chrome` or `Firefox`."""

import re
from functools import lru_cache
from typing import Final

# Browsers name each other, so the first that matches counts.
_BROWSERS: Final = {
    "Edge": "Edg",
    "Opera": "OPR/",
    "Samsung Internet": "SamsungBrowser/",
    "Firefox": "Firefox/",
    "Chrome": "Chrome/",
    "Safari": "Safari/",
}
_BOT: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,30}(?:[Bb]ot|[Cc]rawler|[Ss]pider))\b")
_PRODUCT: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,50}")


@lru_cache(maxsize=10_000)
def agent_family(user_agent: str | None) -> str:
    """The family; empty if there is no user agent, `unusual` if it begins with no product name.

    A product's name is the part before the slash (RFC 9110, 10.1.5).
    """
    if not user_agent:
        return ""
    if bot := _BOT.search(user_agent):
        return bot[1]
    if user_agent.startswith("Mozilla/"):
        browser = (name for name, mark in _BROWSERS.items() if mark in user_agent)
        return next(browser, "other browsers")
    product = _PRODUCT.match(user_agent)
    return product[0] if product else "unusual"
