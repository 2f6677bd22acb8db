"""The console's cookies. Their prefix binds them to this host, to HTTPS, and to the path `/`.

Browsers accept them over plain HTTP from localhost only (RFC 6265bis, 4.1.3.2).
"""

from typing import Final
from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "__Host-session"
ENVIRONMENT: Final = "__Host-environment"
"""The environment that was visited last, for pages about the whole organization."""
_MESSAGE: Final = "__Host-message"
_MAX_MESSAGE: Final = 1000

_LOCAL: Final = {"localhost", "127.0.0.1", "[::1]"}


def set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie that scripts can't read and other sites' forms don't carry."""
    response.set_cookie(
        name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax"
    )


def delete_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def set_message(response: Response, message: str) -> None:
    """Show a message on the next page."""
    set_cookie(response, _MESSAGE, quote(message[:_MAX_MESSAGE]), max_age=60)


def take_message(request: Request) -> str | None:
    """The message for this page, if there is one; see `clear_message`."""
    found = request.cookies.get(_MESSAGE)
    return None if found is None else unquote(found)[:_MAX_MESSAGE]


def clear_message(response: Response) -> None:
    """Show the message once only."""
    delete_cookie(response, _MESSAGE)


def remember_environment(request: Request, response: Response, environment_id: str) -> None:
    """Note the environment that was visited last."""
    if request.cookies.get(ENVIRONMENT) != environment_id:
        set_cookie(response, ENVIRONMENT, environment_id)


def keeps_cookies(origin: str) -> bool:
    """Whether a browser keeps our cookies from a page of this origin."""
    parts = urlsplit(origin)
    return (
        parts.scheme == "https"
        or parts.netloc.rpartition(":")[0] in _LOCAL
        or (parts.netloc in _LOCAL)
    )
