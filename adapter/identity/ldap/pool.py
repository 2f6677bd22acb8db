"""Connections that are kept open for the next user."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapter.identity.ldap.connection import LdapConnection
from adapter.identity.ldap.wire import ConnectionLostError

_T = TypeVar("_T")


class ConnectionPool:
    """The idle connections to one server; each is closed after `idle_s` without use.

    A pool opens as many connections as there are operations at the same time. The caller bounds
    these.
    """

    def __init__(self, open_one: Callable[[], Awaitable[LdapConnection]], idle_s: float) -> None:
        self._open_one = open_one
        self._idle_s = idle_s
        self._idle: dict[LdapConnection, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """The number of idle connections."""
        return len(self._idle)

    async def run(self, operation: Callable[[LdapConnection], Awaitable[_T]]) -> _T:
        """Run an operation on an idle connection, or on a new one.

        A server may have closed an idle connection. The operation then runs on a new one. A
        connection on which an operation failed is not used again.
        """
        idle = self._take()
        if idle is not None:
            try:
                return await self._run_on(idle, operation)
            except ConnectionLostError:
                self.close()
        return await self._run_on(await self._open_one(), operation)

    def close(self) -> None:
        """Close the idle connections."""
        for connection in list(self._idle):
            self._drop(connection)

    async def _run_on(
        self, connection: LdapConnection, operation: Callable[[LdapConnection], Awaitable[_T]]
    ) -> _T:
        try:
            result = await operation(connection)
        except BaseException:
            connection.abort()
            raise
        later = asyncio.get_running_loop().call_later
        self._idle[connection] = later(self._idle_s, self._drop, connection)
        return result

    def _take(self) -> LdapConnection | None:
        """The connection that was used last, if the server has not closed it."""
        while self._idle:
            connection, timer = self._idle.popitem()
            timer.cancel()
            if not connection.is_closed:
                return connection
        return None

    def _drop(self, connection: LdapConnection) -> None:
        self._idle.pop(connection).cancel()
        connection.close()
