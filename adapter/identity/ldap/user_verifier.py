"""Authenticates users: remembered answers first, and one request for each pair of credentials."""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from cachetools import TTLCache

from adapter.errors import OverloadError, ProviderError
from adapter.identity.ldap.connection import ConnectionOptions
from adapter.identity.ldap.server import LdapServer
from adapter.policy.effects.user import Authenticate, Verification
from adapter.policy.ldap_directory import LdapAccount
from adapter.runtime.clock import Clock
from adapter.runtime.deferred import Deferred

_KNOWN_S: Final = 3_600.0
_ANSWER_IN: Final = 0.8
"""The part of Envoy's deadline that a Check may wait, so that our answer comes in time."""


@dataclass(frozen=True, slots=True)
class VerifierOptions:
    """How much is remembered, and how long servers may take."""

    timeout_s: float
    """Longest time for one user, from the connection to the answer."""
    concurrency: int
    """Most requests to one server at the same time."""
    remember_s: float
    """How long a user who was authenticated need not be asked about again. 0: not at all."""
    remembered_users: int
    """Most users that are remembered."""


class LdapUserVerifier:
    """See `authorization.ports.UserVerifier`.

    Only successes are remembered, under a digest of directory, user name and password whose key is
    random. So wrong passwords need no memory and displace nobody. For each entry of a directory
    only the last spelling of the user's name is remembered, so one user does not displace others
    with `Alice`, `aLice` and so on.
    """

    def __init__(
        self, connections: ConnectionOptions, options: VerifierOptions, clock: Clock
    ) -> None:
        self._connections = connections
        self._options = options
        self._clock = clock
        self._key = os.urandom(32)
        size = options.remembered_users
        self._remembered: TTLCache[bytes, Verification] = TTLCache(
            size, options.remember_s, clock.monotonic
        )
        self._by_entry: TTLCache[bytes, bytes] = TTLCache(size, _KNOWN_S, clock.monotonic)
        self._accepted: TTLCache[bytes, None] = TTLCache(size, _KNOWN_S, clock.monotonic)
        """Credentials that were right not long ago: those who send them are known users."""
        self._servers: dict[LdapAccount, LdapServer] = {}
        self._running: dict[bytes, asyncio.Task[Verification]] = {}
        self._counts = dict.fromkeys(("remembered", "accepted", "refused", "failed", "overload"), 0)

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests for a verification by result; one that waits for another's is not counted."""
        return self._counts

    @property
    def alarms(self) -> Mapping[str, str]:
        """The servers whose last request failed, and why."""
        return {server.name: server.alarm for server in self._servers.values() if server.alarm}

    def verify(
        self, wanted: Authenticate, wait_at_most_s: float | None
    ) -> Verification | Awaitable[Verification]:
        """See `UserVerifier.verify`."""
        key = self._digest(wanted.directory.digest, wanted.user_name, wanted.password)
        try:
            # The cache's `get` would look for the key twice.
            known = self._remembered[key]
        except KeyError:
            task = self._running.get(key) or self._started(key, wanted)
            return Deferred(partial(self._answer, task, wait_at_most_s))
        self._counts["remembered"] += 1
        return known

    async def close(self) -> None:
        """Stop what is running, and close all connections."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def _started(self, key: bytes, wanted: Authenticate) -> asyncio.Task[Verification]:
        server = self._server(wanted.directory.account)
        is_known = key in self._accepted
        try:
            server.take_place(is_known=is_known)
        except OverloadError:
            self._counts["overload"] += 1
            raise
        task = asyncio.create_task(self._verified(server, key, wanted))
        self._running[key] = task

        def ended(task: asyncio.Task[Verification]) -> None:
            server.leave_place(is_known=is_known)
            del self._running[key]
            if not task.cancelled():
                task.exception()  # Nobody may be waiting any more; asyncio would log it as lost.

        task.add_done_callback(ended)
        return task

    async def _verified(self, server: LdapServer, key: bytes, wanted: Authenticate) -> Verification:
        try:
            found, answer = await server.verify(wanted, self._options.timeout_s)
        except ProviderError:
            self._counts["failed"] += 1
            raise
        self._counts["refused" if answer.refusal else "accepted"] += 1
        if not answer.refusal:
            self._remember(key, self._digest(wanted.directory.digest, found.dn, ""), answer)
        return answer

    async def _answer(
        self, task: asyncio.Task[Verification], wait_at_most_s: float | None
    ) -> Verification:
        """Wait for the task, but not longer than Envoy waits. The task goes on for others."""
        limit_s = None if wait_at_most_s is None else max(0.0, wait_at_most_s * _ANSWER_IN)
        done, _ = await asyncio.wait({task}, timeout=limit_s)
        if not done:
            raise ProviderError("the LDAP server did not answer within Envoy's deadline")
        return task.result()

    def _remember(self, key: bytes, entry: bytes, answer: Verification) -> None:
        before = self._by_entry.get(entry)
        if before is not None and before != key:
            self._remembered.pop(before, None)
            self._accepted.pop(before, None)
        self._by_entry[entry] = key
        self._accepted[key] = None
        if self._options.remember_s > 0:
            self._remembered[key] = answer

    def _digest(self, directory: bytes, name: str, password: str) -> bytes:
        sent = name.encode()
        message = b"%b%d:%b%b" % (directory, len(sent), sent, password.encode())
        return hmac.digest(self._key, message, "sha256")

    def _server(self, account: LdapAccount) -> LdapServer:
        server = self._servers.get(account)
        if server is None:
            self._forget_unused()
            most = self._options.concurrency
            server = LdapServer(account, self._connections, self._clock, most=most)
            self._servers[account] = server
        return server

    def _forget_unused(self) -> None:
        """Drop servers without connections, such as those of policies that were changed."""
        unused = [
            account
            for account, server in self._servers.items()
            if not server.busy and not server.idle_connections
        ]
        for account in unused:
            del self._servers[account]
