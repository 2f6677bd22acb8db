"""Requests to a running platform, as any client would send them."""

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from control_plane.json_client import expecting, json_client

_START_DEADLINE_S: Final = 10.0
_TIMEOUT_S: Final = 10.0
_INTERVAL_S: Final = 0.1

Result = TypeVar("Result")


def log_in(base_url: str, username: str, password: str) -> str:
    """An access token; raise ControlPlaneError if the platform refuses.

    `base_url` must be http or https (`common.checked_url`).
    """
    return _token(base_url, "/accounts/login", username=username, password=password)


def log_in_client(base_url: str, client_id: str, client_secret: str) -> str:
    """An access token of a connected app; raise ControlPlaneError if the platform refuses."""
    return _token(
        base_url,
        "/accounts/api/v2/oauth2/token",
        grant_type="client_credentials",
        client_id=client_id,
        client_secret=client_secret,
    )


def _token(base_url: str, path: str, **form: str) -> str:
    with json_client(base_url, _TIMEOUT_S) as client:
        answer = client.ask("POST", path, data=form)
    with expecting(base_url, "an access token"):
        return str(answer.document["access_token"])


def read(base_url: str, path: str, token: str) -> Any:
    """The JSON answer to a GET request; raise ControlPlaneError if there is none."""
    with json_client(base_url, _TIMEOUT_S) as client:
        client.authorize(token)
        return client.ask("GET", path).document


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
