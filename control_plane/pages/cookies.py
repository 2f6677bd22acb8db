"""The console's cookies. Their prefix binds them to this host, to HTTPS, and to the path `/`.

Browsers accept them over plain HTTP from localhost only (RFC 6265bis, 4.1.3.2).
"""

from typing import Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from control_plane.errors import Invalid
from control_plane.pages.origins import split_address

SESSION: Final = "__Host-session"
ENVIRONMENT: Final = "__Host-environment"
"""The environment that was visited last, for pages about the whole organization."""
HANDSHAKE: Final = "__Host-login"
"""What a login through the identity provider needs to remember, for some minutes."""
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


def require_kept(origin: str) -> None:
    """Raise Invalid for an origin from which browsers do not keep our cookies."""
    parts = split_address(origin)
    host = parts.netloc if parts.netloc in _LOCAL else parts.netloc.rpartition(":")[0]
    if parts.scheme != "https" and host not in _LOCAL:
        raise Invalid(
            f"browsers do not keep a session on {origin}. Open the console over HTTPS, or on"
            " localhost; behind a proxy, set the control plane's public URL"
        )
