"""Traffic of several clients, so that the console's dashboard has something to show."""

import asyncio
import contextlib
from collections.abc import Mapping
from random import Random
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeVar

import httpx

from demo.clients import Application

HOURS: Final = 1
"""The traffic ends by itself after this time."""
_PER_SECOND: Final = 4
_LONGEST_WAIT_S: Final = 2.0

Choice = TypeVar("Choice")

_AGENTS: Final = ("curl/8.5.0", "python-httpx/0.28", "Mozilla/5.0 (X11; Linux) Firefox/140.0")
_CLIENTS: Final = {"Partner": 50, "Stranger": 25, "Mobile": 10, "wrong secret": 8, "nobody": 7}
"""How many of 100 requests each sends. Mobile's tier allows fewer: the others get 429."""
_STATUSES: Final = {200: 93, 404: 4, 503: 3}
"""How many of 100 requests the service answers with each status."""
_PATHS: Final = {
    ("GET", "/orders"): 20,
    ("GET", "/orders/{id}"): 45,
    ("GET", "/orders/{id}/items"): 20,
    ("POST", "/orders"): 10,
    ("GET", "/orders/signed"): 5,  # needs a token, which these clients do not have
}


class Sent(NamedTuple):
    """A request to Envoy."""

    method: str
    path: str
    headers: dict[str, str]


def choose_request(random: Random, applications: Mapping[str, Application]) -> Sent:
    """The next request: who sends it, what it asks for, and how the service will answer."""
    client, status = _one_of(random, _CLIENTS), _one_of(random, _STATUSES)
    method, path = _one_of(random, _PATHS)
    headers = {"user-agent": random.choice(_AGENTS), "x-answer-status": str(status)}
    if client == "wrong secret":
        headers |= applications["Partner"].headers | {"client_secret": "wrong"}
    elif client != "nobody":
        headers |= applications[client].headers
    return Sent(method, path.replace("{id}", str(random.randint(1, 500))), headers)


def _one_of(random: Random, weights: Mapping[Choice, int]) -> Choice:
    return random.choices(list(weights), list(weights.values()))[0]


class Traffic:
    """`async with Traffic(...)`: sends a few requests each second until the block ends."""

    def __init__(self, envoy: str, applications: Mapping[str, Application]) -> None:
        """`envoy` is the URL of a listener."""
        self._envoy = envoy
        self._applications = applications
        self._random = Random()  # noqa: S311 - keeps no secret

    async def __aenter__(self) -> Self:
        """Begin to send."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with (
                asyncio.timeout(HOURS * 3600),
                httpx.AsyncClient(base_url=self._envoy, timeout=10, trust_env=False) as client,
            ):
                while True:
                    sent = choose_request(self._random, self._applications)
                    with contextlib.suppress(httpx.TransportError):  # somebody stopped Envoy
                        await client.request(sent.method, sent.path, headers=sent.headers)
                    wait = self._random.expovariate(_PER_SECOND)
                    await asyncio.sleep(min(wait, _LONGEST_WAIT_S))
