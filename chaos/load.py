"""Sends requests of clients whose right answers are known."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count, cycle
from typing import Final

import aiohttp

from chaos.account import Account, Client

PATH: Final = "/orders/"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)


class Load:
    """Keeps connections to Envoy open; `envoy` returns its URL."""

    def __init__(self, envoy: Callable[[], str]) -> None:
        self._envoy = envoy
        self._numbers = count(1)
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self.account = Account()
        """The requests that are sent now are counted here."""

    async def stop(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            await session.close()

    def reached(self, path: str) -> None:
        """The service has got a request with this path."""
        self.account.reach(path)

    @asynccontextmanager
    async def sending(self, clients: Sequence[Client], rate: float) -> AsyncIterator[None]:
        """Send so many requests a second during the block, of each client in turn.

        A request does not wait for the answers of those before it.
        """
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_all(cycle(clients), 1 / rate, stopping))
            try:
                yield
            finally:
                stopping.set()

    async def _send_all(
        self, clients: Iterator[Client], interval_s: float, stopping: asyncio.Event
    ) -> None:
        """Send until `stopping`, and wait for the answers of all requests."""
        clock = asyncio.get_running_loop().time
        next_s = clock()
        async with asyncio.TaskGroup() as requests:
            while not stopping.is_set():
                requests.create_task(self._send(next(clients)))
                next_s += interval_s
                await asyncio.sleep(max(next_s - clock(), 0))

    async def _send(self, client: Client) -> None:
        account, path = self.account, f"{PATH}{next(self._numbers)}"
        account.send(path, client)
        status: int | None = None
        try:
            session = self._session(client.address)
            async with session.get(f"{self._envoy()}{path}", headers=client.headers) as answer:
                status = answer.status
                await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            pass
        account.answer(path, status)

    def _session(self, address: str) -> aiohttp.ClientSession:
        """The connections from this address of loopback."""
        if address not in self._sessions:
            connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=500)
            self._sessions[address] = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)
        return self._sessions[address]
