"""An LDAP server whose answers a test makes up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from sansldap import BindRequest, LDAPServer, ProtocolError

from tests.rig.slapd import ACCOUNT

Script: TypeAlias = Callable[[LDAPServer, Any], bytes | None]
"""Answers a request: through the server's methods, or with octets of its own."""


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[int]:
    """A server on loopback; its port.

    It lets the account bind, and leaves everything else to the script.
    """

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = LDAPServer()
        try:
            while octets := await reader.read(10_000):
                for message in session.receive(octets):
                    writer.write(_answer(session, message, script))
        except (ProtocolError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _answer(session: LDAPServer, message: Any, script: Script) -> bytes:
    octets = b""
    if isinstance(message, BindRequest) and message.name == ACCOUNT:
        session.bind_response(message.message_id)
    else:
        octets = script(session, message) or b""
    return session.data_to_send() + octets
