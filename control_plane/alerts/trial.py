"""A test of an alert: sends a notice that says so, and notes what became of it."""

import asyncio
from dataclasses import dataclass
from functools import partial

from anyio.to_thread import run_sync
from sqlalchemy.orm import Session

from control_plane.alerts import alerts, outbox
from control_plane.alerts.alerts import standing_of
from control_plane.alerts.delivery import Delivery
from control_plane.alerts.notices import document_of
from control_plane.alerts.outbox import Letter
from control_plane.alerts.rules import Event
from control_plane.store.database import Database
from control_plane.store.tables import AlertStanding, Environment
from control_plane.store.write_queue import WriteQueue


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test works with."""

    database: Database
    writes: WriteQueue
    delivery: Delivery
    console_url: str

    async def run(self, environment_id: str, alert_id: int) -> dict[Letter, str]:
        """Deliver a test notice to each recipient at once; why that failed, or an empty text.

        Raise NotFound if there is no such alert.
        """
        letters = await run_sync(self._letters, environment_id, alert_id)
        attempts = [self.delivery.attempt(letter, self.console_url) for letter in letters]
        results = dict(zip(letters, await asyncio.gather(*attempts), strict=True))
        await self.writes.run(partial(self._record, alert_id, results))
        return results

    def _letters(self, environment_id: str, alert_id: int) -> list[Letter]:
        with self.database.read() as session:
            alert = alerts.get(session, environment_id, alert_id)
            standing = standing_of(session.get_one(AlertStanding, alert_id))
            name = session.get_one(Environment, environment_id).name
            now = self.delivery.clock.now()
            document = document_of(alert, name, Event.TEST, standing, now)
            return [
                Letter(0, channel, target, document, alert.webhook_secret)
                for channel, target in outbox.targets(session, alert)
            ]

    def _record(self, alert_id: int, results: dict[Letter, str]) -> None:
        with self.database.write() as session:
            if results and _exists(session, alert_id):
                outbox.record_test(session, alert_id, results, self.delivery.clock.now())


def _exists(session: Session, alert_id: int) -> bool:
    """Whether the alert was not deleted meanwhile."""
    return session.get(AlertStanding, alert_id) is not None
