"""Requests to a running platform, as any client would send them."""

import json
import ssl
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, Final, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from control_plane.errors import ControlPlaneError

_START_DEADLINE_S: Final = 10.0
_TIMEOUT_S: Final = 10.0
_INTERVAL_S: Final = 0.1

Result = TypeVar("Result")


def log_in(base_url: str, username: str, password: str) -> str:
    """An access token; raise ControlPlaneError if the platform refuses.

    `base_url` must be http or https (`common.checked_url`).
    """
    form = {"username": username, "password": password}
    return str(_answer(base_url, "/accounts/login", form=form)["access_token"])


def log_in_client(base_url: str, client_id: str, client_secret: str) -> str:
    """An access token of a connected app; raise ControlPlaneError if the platform refuses."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }
    return str(_answer(base_url, "/accounts/api/v2/oauth2/token", form=form)["access_token"])


def read(base_url: str, path: str, token: str) -> Any:
    """The JSON answer to a GET request; raise ControlPlaneError if there is none."""
    return _answer(base_url, path, token=token)


def once_started(attempt: Callable[[], Result]) -> Result:
    """What `attempt` returns. While its file or its server is missing, try again for 10 s."""
    deadline = time.monotonic() + _START_DEADLINE_S
    while True:
        try:
            return attempt()
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > deadline:
                raise
            time.sleep(_INTERVAL_S)


def _answer(
    base_url: str, path: str, *, token: str = "", form: Mapping[str, str] | None = None
) -> Any:
    url = f"{base_url}{path}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = urlencode(form).encode() if form else None
    try:
        with urlopen(Request(url, body, headers), timeout=_TIMEOUT_S) as response:  # noqa: S310 - `checked_url`
            return json.load(response)
    except HTTPError as error:
        raise ControlPlaneError(f"{url}: {error.code} {_reason(error)}") from error
    except URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            raise ConnectionRefusedError(
                f"{base_url} refuses connections; is it running?"
            ) from error
        raise ControlPlaneError(f"{base_url}: {_words(error.reason)}") from error
    except ValueError as error:
        raise ControlPlaneError(f"{url} does not answer like a platform: not in JSON") from error
    except (HTTPException, OSError) as error:
        raise ControlPlaneError(f"{url} does not answer like a platform: {error}") from error


def _words(reason: str | BaseException) -> str:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {reason.verify_message}"
    if isinstance(reason, ssl.SSLError):
        return "it does not speak TLS; is its address http://?"
    return getattr(reason, "strerror", None) or str(reason)


def _reason(error: HTTPError) -> str:
    """The platform's own words about a refusal, or the text of the status."""
    try:
        return str(json.load(error)["message"])
    except (ValueError, KeyError, TypeError, OSError):
        return str(error.reason)
