"""One connection to an LDAP server: requests out, answers in."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

from sansldap import (
    LDAPClient,
    LDAPMessage,
    ProtocolError,
    SearchResultEntry,
    SearchResultReference,
)

from adapter.errors import ProviderError

MOST_BYTES: Final = 64 * 1024
"""The most octets of all answers to one request. A user's entry needs a few hundred."""


class ConnectionLostError(ProviderError):
    """The server closed the connection."""


class LdapWire(asyncio.Protocol):
    """Sends one request at a time and collects its answers.

    What a server sends without being asked ends the connection. So does an answer that is too large
    or malformed.
    """

    def __init__(self) -> None:
        self._session = LDAPClient()
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[list[LDAPMessage]] | None = None
        self._answers: list[LDAPMessage] = []
        self._bytes = 0
        self.closed = False

    async def exchange(self, request: Callable[[LDAPClient], int]) -> list[LDAPMessage]:
        """Send a request; return its answers, of which the last one is the result.

        Raises ConnectionLostError if the server closes the connection, and ProviderError if it
        violates the protocol.
        """
        if self.closed or self._transport is None:
            raise ConnectionLostError("the connection is closed")
        self._answered = asyncio.get_running_loop().create_future()
        self._answers, self._bytes = [], 0
        request(self._session)
        self._transport.write(self._session.data_to_send())
        try:
            return await self._answered
        finally:
            self._answered = None

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Negotiate TLS, after the server has agreed to it."""
        # What came in clear text must not count afterwards (RFC 4511, 4.14.3).
        self._session = LDAPClient()
        upgraded = await asyncio.get_running_loop().start_tls(
            cast(asyncio.Transport, self._transport), self, context, server_hostname=host
        )
        if upgraded is None or self.closed:
            raise ConnectionLostError("the server closed the connection")
        self._transport = upgraded

    def close(self) -> None:
        """Tell the server goodbye, and close."""
        if not self.closed and self._transport is not None:
            self.closed = True
            self._session.unbind()
            self._transport.write(self._session.data_to_send())
            self._transport.close()

    def abort(self) -> None:
        """Close at once, in the middle of an exchange."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._answered is None:
            self._fail(ProviderError("it sent something without being asked"))
            return
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            self._fail(ProviderError(f"the answer is larger than {MOST_BYTES:,} bytes"))
            return
        try:
            messages = self._session.receive(data)
        except ProtocolError:
            self._fail(ProviderError("it violated the LDAP protocol, or ended the session"))
            return
        self._answers += messages
        if messages and not isinstance(messages[-1], SearchResultEntry | SearchResultReference):
            self._answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        reason = f": {exc}" if exc is not None else ""
        self._fail(ConnectionLostError(f"the server closed the connection{reason}"))

    def _answer(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(self._answers)

    def _fail(self, error: ProviderError) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)
        self.abort()
