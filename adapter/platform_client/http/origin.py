"""Where a URL leads, for secrets that must not be sent anywhere else."""

import re
from typing import Final

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LAST_PORT: Final = 65535
# URL parsers differ in how they read user names, backslashes, spaces, control characters and host
# names beyond ASCII. All of them read a URL of this form in the same way.
_PLAIN: Final = re.compile(
    r"""(?P<scheme>https?)://
        (?P<host>[a-z0-9_][a-z0-9._-]*|\[[0-9a-f]*:[0-9a-f:.]+\])
        (?::(?P<port>[0-9]{1,5}))?
        ([/?][!-\[\]-~]*)?""",  # printable ASCII without space and backslash
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)


def origin(url: str) -> str:
    """Scheme, host and port (RFC 6454, 4); empty if this is not a plain absolute HTTP address."""
    plain = _PLAIN.fullmatch(url)
    if plain is None:
        return ""
    scheme, host = plain["scheme"].lower(), plain["host"].lower()
    port = int(plain["port"] or _DEFAULT_PORTS[scheme])
    return f"{scheme}://{host}:{port}" if port <= _LAST_PORT else ""
