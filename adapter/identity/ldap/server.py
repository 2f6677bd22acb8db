"""One LDAP server, as one account sees it."""

import asyncio
from typing import Final

import structlog

from adapter.errors import OverloadError, ProviderError
from adapter.identity.ldap.connection import ConnectionOptions, Found, LdapConnection, connect
from adapter.identity.ldap.pool import ConnectionPool
from adapter.policy.effects.user import Authenticate, Verification
from adapter.policy.ldap_directory import LdapAccount
from adapter.runtime.clock import Clock, MonotonicTime

IDLE_S: Final = 60.0
"""How long an unused connection stays open."""
_ALARM_S: Final = 300.0
_REFUSED_FOR_S: Final = 10.0
"""How long an account that the server refused is not tried again: servers lock accounts after a few
refusals."""


class LdapServer:
    """Authenticates users with at most `most` requests at the same time.

    Users are searched on connections that the account has bound. Passwords are tried on other
    connections, which never search. So no search runs with a user's rights.
    """

    def __init__(
        self, account: LdapAccount, options: ConnectionOptions, clock: Clock, *, most: int
    ) -> None:
        self._account = account
        self._options = options
        self._clock = clock
        self._most = most
        self._refused_until = -1.0
        self._failed_at: MonotonicTime | None = None
        self._last_error = ""
        self.busy = 0
        """Requests at the moment."""
        self._unknown = 0
        """Those of them for users who are not known."""
        self._searching = ConnectionPool(self._open_bound, IDLE_S)
        self._binding = ConnectionPool(self._open, IDLE_S)

    @property
    def name(self) -> str:
        """The server, for operators."""
        return f"LDAP server {self._account.host}:{self._account.port}"

    @property
    def alarm(self) -> str:
        """The last error, if the last request failed, and not long ago. Otherwise empty."""
        failed_at = self._failed_at
        if failed_at is None or self._clock.monotonic() - failed_at > _ALARM_S:
            return ""
        return self._last_error

    @property
    def idle_connections(self) -> int:
        """Connections that are kept open and wait for work."""
        return len(self._searching) + len(self._binding)

    def take_place(self, *, is_known: bool) -> None:
        """Begin a request; raises OverloadError if there are too many already.

        Requests for unknown users get at most half of the places. So a flood of random passwords
        cannot keep known users out when the adapter has to ask about them again.
        """
        if self.busy >= self._most or not (is_known or self._unknown < -(-self._most // 2)):
            raise OverloadError(
                f"{self.busy} requests already wait for the LDAP server {self._account.host} "
                "(identity.ldap_concurrency)"
            )
        self.busy += 1
        self._unknown += not is_known

    def leave_place(self, *, is_known: bool) -> None:
        """End a request."""
        self.busy -= 1
        self._unknown -= not is_known

    async def verify(self, wanted: Authenticate, timeout_s: float) -> tuple[Found, Verification]:
        """Search the user and try the password within that time; raises ProviderError."""
        try:
            async with asyncio.timeout(timeout_s):
                found = await self._ask(wanted)
        except (TimeoutError, ProviderError) as e:
            reason = str(e) or f"no answer within {timeout_s:g} s"
            self._note_failure(reason)
            raise ProviderError(f"{self.name}: {reason}") from None
        self._note_success()
        return found

    async def _ask(self, wanted: Authenticate) -> tuple[Found, Verification]:
        found = await self._searching.run(lambda c: c.search(wanted.directory, wanted.user_name))
        if found.refusal:
            return found, Verification("", found.refusal)
        refusal = await self._binding.run(lambda c: c.bind(found.dn, wanted.password))
        if refusal:
            return found, Verification("", refusal)
        return found, Verification(found.name or wanted.user_name)

    def close(self) -> None:
        """Close the idle connections."""
        self._searching.close()
        self._binding.close()

    def _note_failure(self, reason: str) -> None:
        if self._failed_at is None:
            log = structlog.get_logger()
            log.warning("ldap.server_failed", server=self.name, error=reason)
        self._failed_at, self._last_error = self._clock.monotonic(), reason

    def _note_success(self) -> None:
        if self._failed_at is not None:
            self._failed_at = None
            structlog.get_logger().info("ldap.server_recovered", server=self.name)

    async def _open(self) -> LdapConnection:
        return await connect(self._account, self._options)

    async def _open_bound(self) -> LdapConnection:
        """A connection on which the account has bound."""
        if self._clock.monotonic() < self._refused_until:
            raise ProviderError(
                f"the server refused the account {self._account.dn} less than "
                f"{_REFUSED_FOR_S:g} s ago; check ldapServerUserDn and ldapServerUserPassword"
            )
        connection = await self._open()
        try:
            refusal = await connection.bind(self._account.dn, self._account.password)
        except BaseException:
            connection.abort()
            raise
        if refusal:
            connection.close()
            self._refused_until = self._clock.monotonic() + _REFUSED_FOR_S
            raise ProviderError(f"account {self._account.dn}: {refusal}")
        return connection
