# mypyc: compiled
"""The interface between services and servers, independent of the transport.

Services describe their methods with these types, and any `Server` can carry them. Messages are
bytes here. The service parses them, and decides what to answer if they do not parse.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypeAlias

from adapter.errors import RpcError, UnreadyError

Metadata: TypeAlias = Mapping[str, str]
"""A call's metadata by lower-case name. If a name occurs several times, its last value.

Never change it: a transport may give the same object to all calls with the same headers.
"""


class StatusCode(IntEnum):
    """The gRPC status codes that we use (grpc, statuscodes.md).

    As the status of a call, UNAVAILABLE makes Envoy retry at once, which would add load to an
    adapter in trouble. So only UnreadyError has it. Answers for gRPC clients of Envoy may have it.
    """

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class StreamConsumer(Protocol):
    """Takes the messages of one client stream; must not block."""

    def consume(self, message: bytes) -> "asyncio.Future[None] | None":
        """Take one message. Raising RpcError ends the stream with that status.

        If it returns a future, the client must wait for it before it may send much more.
        """

    def finish(self) -> None:
        """Called once when the stream has ended, by either side."""


@dataclass(frozen=True, slots=True)
class UnaryMethod:
    """One message in, one out. `call` returns bytes if the answer needs no waiting."""

    path: str
    """Such as `/envoy.service.auth.v3.Authorization/Check`."""
    call: Callable[[bytes, Metadata], bytes | Awaitable[bytes]]
    """Raises RpcError for a status other than OK. Other exceptions are bugs, answered INTERNAL."""
    needs_token: bool = True
    """Whether calls need the token, if one is configured."""


@dataclass(frozen=True, slots=True)
class ClientStreamMethod:
    """Many messages in, one empty message out at the end."""

    path: str
    open: Callable[[Metadata], StreamConsumer]
    """Raises RpcError to refuse the stream."""
    needs_token: bool = True


Method: TypeAlias = UnaryMethod | ClientStreamMethod


class Server(Protocol):
    """Carries methods and `grpc.health.v1` over TCP and Unix sockets.

    Other methods are UNIMPLEMENTED. Health is NOT_SERVING until `set_serving(True)`. A call without
    the token that its method needs gets UNAUTHENTICATED before its message is read.
    """

    @property
    def addresses(self) -> tuple[str, ...]:
        """The bound addresses, with the ports that the system chose; empty before the start."""

    async def bind(self) -> None:
        """Bind the addresses; raises ConfigurationError if one cannot be bound.

        Connections wait until `start`.
        """

    async def start(self) -> None:
        """Serve, after `bind` if that was not called."""

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Serve TLS with this context on new connections. Open ones are not affected."""

    async def set_serving(self, serving: bool) -> None:
        """Set the state of the health service. Has no effect after draining has started."""

    async def drain_and_stop(self) -> None:
        """Let Envoy move its calls elsewhere, end client streams, and stop within a deadline.

        If it was not started, only the addresses are given up.
        """


def status_of(error: Exception) -> tuple[int, str]:
    """The status and message to answer with. Details of a bug are not shown.

    Only an UnreadyError is UNAVAILABLE, because Envoy retries at once. No error is OK or an unknown
    code.
    """
    if isinstance(error, RpcError) and is_meant(error):
        return error.code, error.message
    return StatusCode.INTERNAL, "internal error"


def is_meant(error: Exception) -> bool:
    """Whether the error is an intended answer. Anything else is a bug."""
    return (
        isinstance(error, RpcError)
        and 0 < error.code <= StatusCode.UNAUTHENTICATED
        and (error.code != StatusCode.UNAVAILABLE or isinstance(error, UnreadyError))
    )
