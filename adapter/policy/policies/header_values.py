"""What policies may write into a message's headers."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

_HOP_BY_HOP: Final = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"}

UNTOUCHABLE: Final = frozenset(_HOP_BY_HOP | {"content-length", "host", "transfer-encoding"})
"""Headers that say where a message goes and how it is framed: to inject them is to smuggle."""

NAME_PATTERN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""The pattern of a method or the name of a header (RFC 9110, 5.6.2)."""

_NAME: Final = re.compile(NAME_PATTERN)
_UNFIT_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def is_fit_for_a_header(value: str) -> bool:
    """Whether that can be the value of a header: no control characters, and UTF-8 can tell it."""
    return _UNFIT_VALUE.search(value) is None


def _injectable(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("not the name of a header (RFC 9110, 5.1)")
    if name.lower() in UNTOUCHABLE:
        raise ValueError(f"{name.lower()} cannot be injected: it belongs to the connection")
    return name.lower()


InjectableName = Annotated[str, AfterValidator(_injectable)]
"""The name of a header that a policy may add; becomes lower case."""
