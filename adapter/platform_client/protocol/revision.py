"""How far the platform's changes are contained in an answer.

Our control plane numbers every change that an admin makes. Its answers say the number of the last
change that they contain, the *revision*. The adapter reports these numbers, so that the control
plane can tell which changes are in force. Other platforms send no such header.
"""

from typing import Final

from adapter.platform_client.http.exchange import WholeResponse

_HEADER: Final = "x-platform-revision"
_MOST_DIGITS: Final = 18


def revision_of(response: WholeResponse) -> int | None:
    """The revision of an answer; None if it names none that can be read."""
    text = response.headers.get(_HEADER, "")
    readable = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if readable else None
