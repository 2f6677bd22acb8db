"""Counts quotas on a Redis or Valkey server that several processes share."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from adapter.errors import StoreError
from adapter.policy.effects.quota import Charge, QuotaState, QuotaWindow
from adapter.policy.verdicts import CONTINUE
from adapter.quota.memory.idempotency import REMEMBERED_S
from adapter.quota.memory.window_queues import WindowQueues
from adapter.quota.memory.windows import FixedWindow, end_of, without_key
from adapter.quota.names import WindowNames
from adapter.quota.redis.client import FAILURES, Command, RedisClient, Reply, lacks_script
from adapter.quota.redis.failures import meaning_of
from adapter.quota.redis.script import ChargeScript, ScriptResult, by_digest, by_text, read_result
from adapter.runtime.clock import Clock

_PROBE: Final = Charge(((2**53, 1_000, "probe"),), lambda _: CONTINUE)
"""A charge that shows whether the server can count. A full or read-only server still answers a
PING."""


class _Waiting(NamedTuple):
    """A charge without an answer yet."""

    call: Command
    windows: tuple[QuotaWindow, ...]
    expires_at_s: float
    """In the event loop's time."""
    answer: "asyncio.Future[QuotaState]"


class RedisQuotaStore:
    """A `QuotaStore` on a server, with one round trip for a charge.

    Charges share a round trip if they come in the same iteration of the event loop, or while all
    connections are busy. Each charge gets its answer within `deadline_s`, or a StoreError. The
    round trip itself goes on within the client's longer time limits. So a slow moment costs no
    connection, and what was sent is counted. At most `max_waiting` charges wait to be sent.

    Each policy has a share of the `max_windows` that this process may begin on the server. A charge
    that would begin more gets the answer that the quota is unknown, and `overloads` counts it.
    Windows that other processes began, or this one before a restart, are not counted.
    """

    def __init__(
        self,
        client: RedisClient,
        names: WindowNames,
        clock: Clock,
        *,
        max_windows: int,
        connections: int,
        deadline_s: float,
        prefix: str,
        recent_s: float = REMEMBERED_S,
        max_waiting: int = 10_000,
        max_batch: int = 128,
    ) -> None:
        """`recent_s` is how long a Check's id is remembered. Raises ConfigurationError."""
        self._client = client
        self._script = ChargeScript(names, prefix, recent_s)
        self._clock = clock
        self._begun = WindowQueues(max_windows, lambda _: None)
        self.overloads = 0
        """Charges refused because their policy had used up its share of the windows."""
        self._deadline_s = deadline_s
        self._max_waiting = max_waiting
        self._max_batch = max_batch
        self._idle = connections
        self._unsent: deque[_Waiting] = deque()
        self._unanswered: deque[_Waiting] = deque()
        self._trips: set[asyncio.Task[None]] = set()
        self._sending: asyncio.Handle | None = None
        self._expiring: asyncio.TimerHandle | None = None

    def charge(self, check_id: str, charge: Charge) -> "asyncio.Future[QuotaState]":
        """See `QuotaStore.charge`. A StoreError is raised at once or by the future."""
        if len(self._unsent) >= self._max_waiting:
            raise StoreError(f"{self._max_waiting} charges wait for the quota store already")
        loop = asyncio.get_running_loop()
        windows = charge.windows
        may_begin = self._begun.room(windows[0], len(windows), self._clock.monotonic())
        waiting = _Waiting(
            self._script.call(check_id, charge, may_begin),
            windows,
            loop.time() + self._deadline_s,
            loop.create_future(),
        )
        self._unsent.append(waiting)
        self._unanswered.append(waiting)
        if self._expiring is None:
            self._expiring = loop.call_at(waiting.expires_at_s, self._expire)
        if self._sending is None and self._idle:
            self._sending = loop.call_soon(self._send)
        return waiting.answer

    async def probe(self) -> None:
        """Connect and make a charge that counts for nobody; raises StoreError."""
        try:
            await self._client.connect()
        except FAILURES as e:
            raise _store_error(e) from e
        await self.charge("", _PROBE)

    async def close(self) -> None:
        """Cancel open round trips and close the connections."""
        for handle in (self._sending, self._expiring):
            if handle is not None:
                handle.cancel()
        trips = tuple(self._trips)
        for trip in trips:
            trip.cancel()
        await asyncio.gather(*trips, return_exceptions=True)
        for waiting in self._unanswered:
            if not waiting.answer.done():
                waiting.answer.set_exception(StoreError("the adapter is stopping"))
        await self._client.aclose()

    def _send(self) -> None:
        """Start a round trip on each idle connection, as long as charges wait."""
        self._sending = None
        while self._idle and self._unsent:
            batch = self._next_batch()
            if batch:
                self._idle -= 1
                trip = asyncio.get_running_loop().create_task(self._round_trip(batch))
                self._trips.add(trip)
                trip.add_done_callback(self._arrived)

    def _next_batch(self) -> list[_Waiting]:
        """The oldest charges that wait. Expired and cancelled ones are skipped."""
        batch: list[_Waiting] = []
        while self._unsent and len(batch) < self._max_batch:
            waiting = self._unsent.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
        return batch

    def _arrived(self, trip: "asyncio.Task[None]") -> None:
        self._trips.discard(trip)
        self._idle += 1
        self._send()

    async def _round_trip(self, batch: Sequence[_Waiting]) -> None:
        unknown = await self._attempt(batch, by_digest)
        if unknown:  # for example after a restart of the server
            await self._attempt(unknown, by_text)

    async def _attempt(
        self, batch: Sequence[_Waiting], command: Callable[[Command], Command]
    ) -> Sequence[_Waiting]:
        """Send the batch and answer its charges; return those for which the script was missing."""
        try:
            replies = await self._client.run([command(waiting.call) for waiting in batch])
        except FAILURES as e:
            replies = [e] * len(batch)
        unknown = []
        for waiting, reply in zip(batch, replies, strict=True):
            if command is by_digest and lacks_script(reply):
                unknown.append(waiting)
            else:
                self._answer(waiting, reply)
        return unknown

    def _answer(self, waiting: _Waiting, reply: Reply) -> None:
        """Note which windows the charge began, and set its answer if it is still awaited."""
        found = _read(reply, len(waiting.windows))
        if isinstance(found, ScriptResult):
            self._note_begun(waiting.windows, found.begun)
            self.overloads += bool(found.state.unknown)
        if waiting.answer.done():
            return
        if isinstance(found, ScriptResult):
            waiting.answer.set_result(found.state)
        else:
            waiting.answer.set_exception(found)

    def _note_begun(self, windows: Sequence[QuotaWindow], begun: Sequence[bool]) -> None:
        now = self._clock.monotonic()
        for name, is_new in zip(windows, begun, strict=False):
            if is_new and self._begun.take(name, now):
                # Without the key, because only the policy and the end of the window matter here.
                self._begun.enter(FixedWindow(without_key(name), end_of(name, now), 0), None, now)

    def _expire(self) -> None:
        """Fail the charges whose time is over, and schedule the next look."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        while self._unanswered:
            waiting = self._unanswered[0]
            if not waiting.answer.done():
                if waiting.expires_at_s > now_s:
                    self._expiring = loop.call_at(waiting.expires_at_s, self._expire)
                    return
                waiting.answer.set_exception(
                    StoreError(f"the quota store did not answer within {self._deadline_s} s")
                )
            self._unanswered.popleft()
        self._expiring = None


def _read(reply: Reply, windows: int) -> ScriptResult | StoreError:
    if isinstance(reply, Exception):
        return _store_error(reply)
    try:
        return read_result(reply, windows)
    except ValueError as e:
        return StoreError(f"the quota store sent an answer that cannot be read: {e}")


def _store_error(cause: Exception) -> StoreError:
    return StoreError(f"the quota store failed: {meaning_of(cause)}")
