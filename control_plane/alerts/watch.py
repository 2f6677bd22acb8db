"""The watch: judges alerts and delivers notices, again and again, while the program runs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from anyio.to_thread import run_sync

from control_plane.alerts import evaluation, outbox
from control_plane.alerts.delivery import Delivery
from control_plane.alerts.outbox import Letter, Outcome
from control_plane.analytics.analytics_store import AnalyticsStore
from control_plane.clock import Clock
from control_plane.store.database import Database
from control_plane.store.write_queue import WriteQueue

_DELIVERY_PAUSE_S: Final = 1.0
_JUDGING_PAUSE_S: Final = 5.0
_LETTERS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class AlertWatch:
    """Everything that the watch works with."""

    clock: Clock
    database: Database
    events: AnalyticsStore
    writes: WriteQueue
    delivery: Delivery
    interval: timedelta
    """How often each alert is judged."""
    console_url: str
    """For the links in notices."""

    async def run(self) -> None:
        """Run until cancelled. Slow deliveries do not delay judgements."""
        pause = min(self.interval.total_seconds(), _JUDGING_PAUSE_S)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(again_and_again("judging", self.judge, pause))
            tasks.create_task(again_and_again("delivering", self.deliver, _DELIVERY_PAUSE_S))

    async def judge(self) -> None:
        """Judge all alerts that are due."""
        now = self.clock.now()
        while await run_sync(evaluation.has_due, self.database, now):
            taken = await self.writes.run(
                partial(evaluation.take, self.database, now, self.interval)
            )
            results = await run_sync(evaluation.measure_all, self.database, self.events, taken, now)
            told = await self.writes.run(partial(evaluation.write, self.database, results, now))
            for name, event in told:
                structlog.get_logger().info("alerts.notice", alert=name, notice=event)

    async def deliver(self) -> None:
        """Deliver all notices that are due."""
        while await run_sync(self._has_due):
            letters = await self.writes.run(self._take)
            await asyncio.gather(*map(self._deliver, letters))

    def _has_due(self) -> bool:
        with self.database.read() as session:
            return outbox.has_due(session, self.clock.now())

    def _take(self) -> list[Letter]:
        with self.database.write() as session:
            return outbox.take(session, self.clock.now(), _LETTERS_AT_ONCE)

    async def _deliver(self, letter: Letter) -> None:
        error = await self.delivery.attempt(letter, self.console_url)
        outcome = await self.writes.run(partial(self._settle, letter, error))
        if outcome is Outcome.FAILED:
            structlog.get_logger().error(
                "alerts.notice_given_up", target=letter.target, reason=error
            )

    def _settle(self, letter: Letter, error: str) -> Outcome | None:
        with self.database.write() as session:
            return outbox.settle(session, letter.delivery_id, error, self.clock.now())


async def again_and_again(what: str, work: Callable[[], Awaitable[None]], pause_s: float) -> None:
    """Do the work with pauses. A failure is logged, and the next round tries again."""
    while True:
        try:
            await work()
        except Exception:  # The watch must outlive any failure, or alerts would end silently.
            structlog.get_logger().exception("alerts.round_failed", part=what)
        await asyncio.sleep(pause_s)
