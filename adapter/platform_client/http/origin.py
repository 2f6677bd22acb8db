"""Where a URL leads, for what must be sent to no other place."""

import re
from typing import Final

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LAST_PORT: Final = 65535
# Parsers of URLs differ in what they make of users, backslashes, blanks, control characters and
# names beyond ASCII; of what is written like this there is one reading.
_PLAIN: Final = re.compile(
    r"""(?P<scheme>https?)://
        (?P<host>[a-z0-9_][a-z0-9._-]*|\[[0-9a-f]*:[0-9a-f:.]+\])
        (?::(?P<port>[0-9]{1,5}))?
        ([/?][!-\[\]-~]*)?""",  # printable ASCII, but no blank and no backslash
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)


def origin(url: str) -> str:
    """Scheme, host and port (RFC 6454, 4); empty for what is not a plain absolute HTTP address."""
    plain = _PLAIN.fullmatch(url)
    if plain is None:
        return ""
    scheme, host = plain["scheme"].lower(), plain["host"].lower()
    port = int(plain["port"] or _DEFAULT_PORTS[scheme])
    return f"{scheme}://{host}:{port}" if port <= _LAST_PORT else ""
