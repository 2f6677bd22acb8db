"""Asks a running adapter, over its inspection listener on this machine."""

import http.client
import json
from contextlib import closing
from typing import Annotated, Any, Final

import typer

from adapter.errors import ConfigurationError
from adapter.settings import Settings

_TIMEOUT_S: Final = 30.0

InspectionOption = Annotated[
    str | None,
    typer.Option(
        "--inspection",
        metavar="HOST:PORT",
        help="The adapter's inspection listener. Default: from the settings.",
    ),
]


def inspection_address(settings: Settings, given: str | None) -> str:
    """Where the adapter of these settings can be asked; raises ConfigurationError if nowhere."""
    address = given or settings.observability.inspection_address
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
            f"no adapter answers at {address} ({e}); start one with `policy-adapter serve`, or "
            "give the address of its inspection listener with --inspection HOST:PORT"
        ) from e
    return _json(address, path, answer.status, text)


def _json(address: str, path: str, status: int, text: str) -> Any:
    if status != http.client.OK:
        reason = text.strip()[:500] or http.client.responses.get(status, "")
        raise ConfigurationError(f"the adapter at {address} answers {status}: {reason}")
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigurationError(
            f"{address} does not answer {path} with JSON; is it another listener than "
            "observability.inspection_address?"
        ) from None
