"""A client that is replaced by one with new certificates, while charges go on."""

from collections.abc import Callable, Sequence

from adapter.errors import StoreError
from adapter.quota.redis.client import FAILURES, Command, RedisClient, Reply
from adapter.quota.redis.failures import meaning_of
from adapter.quota.redis.in_use import InUse


class RenewableClient:
    """Sends everything through the newest client that could connect.

    `open_one` raises ConfigurationError if a certificate file cannot be used.
    """

    def __init__(self, open_one: Callable[[], RedisClient], *, uses_tls: bool) -> None:
        self._open_one = open_one
        self.uses_tls = uses_tls
        self._current = InUse(open_one())

    async def run(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """See `RedisClient`."""
        used = self._current
        used.round_trips += 1
        try:
            return await used.client.run(commands)
        finally:
            used.round_trips -= 1
            if used is not self._current:
                await used.close_unless_in_use()

    async def connect(self) -> None:
        """See `RedisClient`."""
        await self._current.client.connect()

    async def renew(self) -> None:
        """Connect with the files as they are now; round trips end on their own connections.

        Raises ConfigurationError or StoreError if that fails, and keeps the client that it has.
        """
        fresh = self._open_one()
        try:
            await fresh.connect()
        except FAILURES as e:
            await fresh.aclose()
            raise StoreError(f"the quota store failed: {meaning_of(e)}") from e
        replaced, self._current = self._current, InUse(fresh)
        await replaced.close_unless_in_use()

    async def aclose(self) -> None:
        """See `RedisClient`."""
        await self._current.client.aclose()
