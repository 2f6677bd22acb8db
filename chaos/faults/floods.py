"""More than clients should send."""

import asyncio
from contextlib import AsyncExitStack, suppress
from secrets import token_hex
from typing import Final

from chaos.account import Client
from chaos.fault import Fault
from chaos.site import Site

_STRANGERS: Final = 500
_CONNECTIONS: Final = 400
_RATE: Final = 400.0
"""Requests per second. Clients of a test on one machine take as much CPU as the adapters."""


class Flood(Fault):
    """Keeps what it opened until it is healed."""

    def __init__(self) -> None:
        self._exit = AsyncExitStack()

    async def heal(self, site: Site) -> None:
        """Stop sending."""
        await self._exit.aclose()


class FloodOfSecrets(Flood):
    """Guesses."""

    name = "flood of guessed credentials"
    story = (
        "Beside the other clients, somebody sends 400 requests a second with guessed client ids "
        "and secrets. The row counts these requests, too; only those of the "
        "other clients may not fail."
    )

    async def inject(self, site: Site) -> None:
        """Begin to guess."""
        guesses = [
            Client(
                "guess",
                401,
                {"client_id": token_hex(16), "client_secret": token_hex(16)},
                floods=True,
            )
            for _ in range(_STRANGERS)
        ]
        await self._exit.enter_async_context(site.load.sending(guesses, _RATE))


class FloodOfConnections(Flood):
    """Connections to the gRPC port without a call."""

    name = "flood of connections and garbage"
    story = (
        f"{_CONNECTIONS} connections are opened to each worker's gRPC port. Half of them send "
        "nothing, and half of them garbage."
    )

    async def inject(self, site: Site) -> None:
        """Open them."""
        for replica in site.replicas:
            for address in replica.addresses:
                for number in range(_CONNECTIONS):
                    await self._open(
                        address.removeprefix("unix:"), bytes(range(256)) * (number % 2)
                    )

    async def _open(self, path: str, garbage: bytes) -> None:
        _, writer = await asyncio.open_unix_connection(path)
        self._exit.callback(writer.close)
        with suppress(OSError):
            writer.write(garbage)
            await writer.drain()
