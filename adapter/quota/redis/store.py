"""Quotas counted on a Redis or Valkey server that several processes share."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from adapter.errors import StoreError
from adapter.policy.effects import Charge, QuotaState, QuotaWindow
from adapter.policy.verdicts import CONTINUE
from adapter.quota.memory.window_queues import WindowQueues
from adapter.quota.memory.windows import Window, end_of, without_key
from adapter.quota.names import WindowNames
from adapter.quota.redis.client import FAILURES, Command, RedisClient, Reply, lacks_script
from adapter.quota.redis.script import Answer, ChargeScript, by_digest, by_text, read_answer
from adapter.runtime.clock import Clock

_PROBE: Final = Charge(((2**53, 1_000, "probe"),), lambda _: CONTINUE)
"""What tells whether the store can charge: a full or read-only server answers a PING, too."""


class _Waiting(NamedTuple):
    """A charge that has no answer yet."""

    call: Command
    windows: tuple[QuotaWindow, ...]
    expires_at_s: float
    """By the event loop's clock."""
    answer: "asyncio.Future[QuotaState]"


class RedisQuotaStore:
    """An `authorization.ports.QuotaStore` on a server: one round trip for a charge.

    Charges that come while all connections are busy, or in the same turn of the event loop, share
    the next round trip. Each has its answer within `deadline_s`, or a StoreError; the round trip
    goes on by the client's own, longer time limits, so that a slow moment costs no connection and
    what was sent is counted. At most `max_waiting` charges wait to be sent.

    Of the windows that this process begins there, each policy has a share of `max_windows`; a
    charge that would begin more is answered with a quota that is not known, and `overloads` counts
    it. What other processes began, or this one before it was restarted, is not counted.
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
        recent_s: float = 10.0,
        max_waiting: int = 10_000,
        max_batch: int = 128,
    ) -> None:
        """`recent_s`: how long a Check's id is remembered; raises ConfigurationError."""
        self._client = client
        self._script = ChargeScript(names, prefix, recent_s)
        self._clock = clock
        self._begun = WindowQueues(max_windows, lambda _: None)
        self.overloads = 0
        """Charges refused because their policy's share of the windows was used up."""
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
        """See `QuotaStore.charge`; StoreError comes at once or from the future."""
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
        """Connect and make one charge that counts for nobody; raises StoreError."""
        try:
            await self._client.connect()
        except FAILURES as e:
            raise _store_error(e) from e
        await self.charge("", _PROBE)

    async def close(self) -> None:
        """Give up what is under way and close the connections."""
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
        """Start a round trip on every idle connection for which there is a batch."""
        self._sending = None
        while self._idle and self._unsent:
            batch = self._next_batch()
            if batch:
                self._idle -= 1
                trip = asyncio.get_running_loop().create_task(self._round_trip(batch))
                self._trips.add(trip)
                trip.add_done_callback(self._arrived)

    def _next_batch(self) -> list[_Waiting]:
        """The oldest charges; what has expired or was cancelled is never sent."""
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
        if unknown:  # the server was restarted, say
            await self._attempt(unknown, by_text)

    async def _attempt(
        self, batch: Sequence[_Waiting], command: Callable[[Command], Command]
    ) -> Sequence[_Waiting]:
        """Send the batch and answer it, but for those that the server lacks the script for."""
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
        """Note what the charge began, and give the answer to whoever still waits for it."""
        found = _read(reply, len(waiting.windows))
        if isinstance(found, Answer):
            self._note_begun(waiting.windows, found.begun)
            self.overloads += bool(found.state.unknown)
        if waiting.answer.done():
            return
        if isinstance(found, Answer):
            waiting.answer.set_result(found.state)
        else:
            waiting.answer.set_exception(found)

    def _note_begun(self, windows: Sequence[QuotaWindow], begun: Sequence[bool]) -> None:
        now = self._clock.monotonic()
        for name, is_new in zip(windows, begun, strict=False):
            if is_new and self._begun.take(name, now):
                # Without the key: whose window it is, and when it ends, is all that counts here.
                self._begun.enter(Window(without_key(name), end_of(name, now), 0), None, now)

    def _expire(self) -> None:
        """Fail the charges whose time is over, oldest first, and wait for the next one's."""
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


def _read(reply: Reply, windows: int) -> Answer | StoreError:
    if isinstance(reply, Exception):
        return _store_error(reply)
    try:
        return read_answer(reply, windows)
    except ValueError as e:
        return StoreError(f"the quota store's answer makes no sense: {e}")


def _store_error(cause: Exception) -> StoreError:
    return StoreError(f"the quota store failed: {type(cause).__name__}: {cause}")
