"""The URL of a request in its normal form, for comparing (RFC 3986, 6.2.2 and 6.2.3)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_URL: Final = re.compile(r"(?P<scheme>[A-Za-z]+)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)")
_ESCAPED: Final = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS: Final[Mapping[str, str]] = MappingProxyType({"http": ":80", "https": ":443"})


def normal_url(url: str) -> str | None:
    """The URL without query and fragment in its normal form; None if it is no HTTP URL.

    Scheme and host become lower case, the scheme's own port goes, and escapes of characters that
    need none are decoded. Slashes and dot segments stay, because Envoy has already read them.
    """
    match = _URL.match(url)
    scheme = match["scheme"].lower() if match else ""
    port = _DEFAULT_PORTS.get(scheme)
    if match is None or port is None or not match["authority"] or "@" in match["authority"]:
        return None
    authority = match["authority"].lower().removesuffix(port).removesuffix(":")
    return f"{scheme}://{authority}{_ESCAPED.sub(_decoded, match['path']) or '/'}"


def _decoded(escaped: re.Match[str]) -> str:
    character = chr(int(escaped[0][1:], 16))
    return character if character in _UNRESERVED else escaped[0].upper()
