"""A client that is replaced while round trips still use it."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """A client of any kind."""

    async def aclose(self) -> None:
        """Close all connections."""


Client = TypeVar("Client", bound=Closable)


@dataclass(slots=True)
class InUse(Generic[Client]):
    """A client, and the number of its unfinished round trips."""

    client: Client
    round_trips: int = 0

    async def close_unless_in_use(self) -> None:
        """Close a client that was replaced. The last round trip on it calls this again."""
        if not self.round_trips:
            await self.client.aclose()
