"""A control plane that may send notices to this machine, and what receives them."""

from dataclasses import dataclass
from typing import Any

import pytest

from control_plane.alerts import alerts, outbox
from control_plane.alerts.alerts import Scope
from control_plane.alerts.watch import AlertWatch
from control_plane.app import alert_watch
from control_plane.database_address import parse_address
from control_plane.management import apis
from control_plane.management.transaction import Actor, Transaction
from control_plane.settings import Settings
from control_plane.store.tables import Alert, AlertNotice, AlertStanding
from tests.control_plane.conftest import Platform
from tests.control_plane.events import event, send
from tests.rig.notice_receivers import MailReceiver

CONSOLE = "https://console.test"
ERROR_RATE = {
    "name": "Orders fail",
    "enabled": True,
    "severity": "CRITICAL",
    "kind": "api-error-rate",
    "operator": "GREATER_THAN",
    "threshold": 5.0,
    "percent": 95,
    "period_count": 5,
    "period_unit": "MINUTES",
    "periods": 1,
    "minimum": 10,
    "repeat_minutes": 30,
    "recipients": [{"type": "email", "value": "ops@shop.test"}],
}


@pytest.fixture
def settings(database: str, mail: MailReceiver) -> Settings:
    """Settings with which notices reach this machine."""
    return Settings(database=parse_address(database), **mail.settings)


@dataclass
class Site:
    """An API instance with alerts."""

    platform: Platform
    api_id: int

    @property
    def watch(self) -> AlertWatch:
        """What judges and delivers."""
        return alert_watch(self.platform.services, CONSOLE)

    @property
    def environment_id(self) -> str:
        """The environment."""
        return self.platform.credentials.environment_id

    def transaction(self, session: Any) -> Transaction:
        """A change by somebody."""
        platform = self.platform
        organization_id = platform.credentials.organization_id
        actor, now = Actor("ann", "owner"), platform.clock.now()
        return Transaction(session, actor, organization_id, now, platform.services.epochs)

    def add(self, *, webhook: str = "", of_api: bool = True, **columns: Any) -> Alert:
        """A new alert."""
        with self.platform.services.database.write() as session:
            transaction = self.transaction(session)
            api = apis.get(session, self.environment_id, self.api_id) if of_api else None
            scope = Scope(self.environment_id, api)
            alert = alerts.create(transaction, scope, ERROR_RATE | columns)
            if webhook:
                sealing = self.platform.services.delivery.sealing
                alerts.set_webhook(transaction, alert, webhook, sealing)
            return alert

    async def traffic(self, good: int, bad: int = 0, **fields: Any) -> None:
        """Requests of this moment, some of which fail."""
        batch = [event(self.platform, api_id=self.api_id, **fields) for _ in range(good)]
        failed = fields | {"status_code": 503}
        batch += [event(self.platform, api_id=self.api_id, **failed) for _ in range(bad)]
        assert (await send(self.platform, batch)).status_code == 200

    async def minutes(self, number: float) -> None:
        """Let time pass, and judge and deliver at its end."""
        self.platform.clock.move(minutes=number)
        await self.watch.judge()
        await self.watch.deliver()

    def standing(self, alert: Alert) -> AlertStanding:
        """How the alert stands."""
        with self.platform.services.database.read() as session:
            return session.get_one(AlertStanding, alert.id)

    def history(self, alert: Alert) -> list[AlertNotice]:
        """The notices, the oldest first."""
        with self.platform.services.database.read() as session:
            return [*reversed(outbox.history(session, alert.id))]

    def outcomes(self, alert: Alert) -> list[list[str]]:
        """What became of the deliveries of each notice."""
        return [[each.outcome for each in notice.deliveries] for notice in self.history(alert)]


@pytest.fixture
async def site(platform: Platform) -> Site:
    """A control plane with an API instance."""
    return Site(platform, (await platform.admin.create_api("orders"))["id"])
