# mypyc: compiled
"""What a server carries, in words that know no transport.

Services describe their methods with these types; any `Server` can carry them. Messages are bytes
here: who owns a message knows how to parse it, and what to answer when it does not parse.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypeAlias

from adapter.errors import RpcError

Metadata: TypeAlias = Mapping[str, str]
"""A call's metadata by lower-case name; of a repeated name, the last value.

Never changed once it was handed out: a transport that remembers what it read gives calls with the
same fields the same object.
"""


class StatusCode(IntEnum):
    """The gRPC status codes that we use (grpc, statuscodes.md).

    UNAVAILABLE stands only inside answers to gRPC clients behind Envoy: as the status of a call it
    would make Envoy retry at once, against an adapter that is in trouble already.
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
        """Take one message; raising RpcError ends the stream with that status.

        A future is what the client has to wait for before it may send much more.
        """

    def finish(self) -> None:
        """The stream has ended, whoever ended it; called once."""


@dataclass(frozen=True, slots=True)
class UnaryMethod:
    """One message in, one out; answered at once where the answer needs no waiting."""

    path: str
    """Such as `/envoy.service.auth.v3.Authorization/Check`."""
    call: Callable[[bytes, Metadata], bytes | Awaitable[bytes]]
    """Raises RpcError for a status other than OK; any other exception is a bug: INTERNAL."""
    needs_token: bool = True
    """Whether the server asks for the caller's token, where it has one."""


@dataclass(frozen=True, slots=True)
class ClientStreamMethod:
    """Many messages in, one empty message out at the end."""

    path: str
    open: Callable[[Metadata], StreamConsumer]
    """Raises RpcError to refuse the stream."""
    needs_token: bool = True


Method: TypeAlias = UnaryMethod | ClientStreamMethod


class Server(Protocol):
    """Carries methods over TCP and Unix sockets, with `grpc.health.v1` beside them.

    Everything else is UNIMPLEMENTED. Health is NOT_SERVING until `set_serving(True)`. A call
    without the token that its method needs is UNAUTHENTICATED before its message is read.
    """

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens, with the ports that the system chose; empty before the start."""

    async def start(self) -> None:
        """Bind and serve; raises ConfigurationError where an address cannot be bound."""

    async def set_serving(self, serving: bool) -> None:
        """Tell the health service; without effect once draining has begun."""

    async def drain_and_stop(self) -> None:
        """Let Envoy move its calls elsewhere, end the client streams, stop within a deadline."""


def status_of(error: Exception) -> tuple[int, str]:
    """The status and message to answer with; nothing of a bug's inside shows.

    UNAVAILABLE is never answered: Envoy would retry it at once. Nor is OK, or a code that gRPC has
    not.
    """
    if isinstance(error, RpcError) and is_meant(error):
        return error.code, error.message
    return StatusCode.INTERNAL, "internal error"


def is_meant(error: Exception) -> bool:
    """Whether the error is an answer; anything else is a bug."""
    return (
        isinstance(error, RpcError)
        and 0 < error.code <= StatusCode.UNAUTHENTICATED
        and error.code != StatusCode.UNAVAILABLE
    )
