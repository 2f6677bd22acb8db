"""Asks a running adapter, over its inspection listener on this machine."""

import http.client
import json
from contextlib import closing
from typing import Annotated, Any, Final

import typer

from adapter.errors import ConfigurationError
from adapter.runtime.system_errors import system_words
from adapter.settings import Settings

_TIMEOUT_S: Final = 30.0
_ANOTHER_LISTENER: Final = "; is it another listener than observability.inspection_address?"

InspectionOption = Annotated[
    str | None,
    typer.Option(
        "--inspection",
        metavar="HOST:PORT",
        help="The adapter's inspection listener. Default: from the settings.",
    ),
]


def inspection_address(settings: Settings) -> str:
    """Where the adapter of these settings can be asked; raises ConfigurationError if nowhere."""
    address = settings.observability.inspection_address
    if address is None:
        raise ConfigurationError(
            "observability.inspection_address is null, so the adapter cannot be asked; "
            "set an address on loopback, such as 127.0.0.1:9103, and restart the adapter"
        )
    return address


def ask(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON answer of a running adapter; POST with a body, otherwise GET.

    Raises ConfigurationError if there is no adapter, or if it refuses the question.
    """
    address = address.removeprefix("http://").rstrip("/")
    if "/" in address:
        raise ConfigurationError(f"{address!r} is not HOST:PORT, such as 127.0.0.1:9103")
    try:
        with closing(http.client.HTTPConnection(address, timeout=_TIMEOUT_S)) as connection:
            if body is None:
                connection.request("GET", path)
            else:
                headers = {"content-type": "application/json"}
                connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as e:
        raise ConfigurationError(
            f"no adapter answers at {address} ({_words(e)}); start one with "
            "`policy-adapter serve`, or give the address of its inspection listener with "
            "--inspection HOST:PORT"
        ) from e
    return _json(address, path, answer.status, text)


def _words(error: OSError | http.client.HTTPException) -> str:
    return system_words(error) if isinstance(error, OSError) else str(error)


def _json(address: str, path: str, status: int, text: str) -> Any:
    if status != http.client.OK:
        reason = text.strip()[:500] or http.client.responses.get(status, "")
        hint = _ANOTHER_LISTENER if reason == "not found" else ""
        raise ConfigurationError(f"the adapter at {address} answers {status}: {reason}{hint}")
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigurationError(
            f"{address} does not answer {path} with JSON{_ANOTHER_LISTENER}"
        ) from None
