"""The parts of a control plane that routers and pages work with."""

from dataclasses import dataclass

from control_plane.accounts.access import Access
from control_plane.accounts.application_logins import ApplicationLogins
from control_plane.accounts.hashing import LoginHasher
from control_plane.alerts.delivery import Delivery
from control_plane.analytics.analytics_store import AnalyticsStore
from control_plane.clock import Clock
from control_plane.management.feed_epochs import FeedEpochs
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.policy_dates import PolicyDates
from control_plane.settings import Settings
from control_plane.store.database import Database
from control_plane.store.write_queue import WriteQueue


@dataclass(frozen=True, slots=True)
class Services:
    """One set for each application."""

    settings: Settings
    clock: Clock
    database: Database
    events: AnalyticsStore
    hasher: LoginHasher
    access: Access
    application_logins: ApplicationLogins
    writes: WriteQueue
    event_writes: WriteQueue
    epochs: FeedEpochs
    policy_dates: PolicyDates
    policy_checks: PolicyChecks
    delivery: Delivery

    def close(self) -> None:
        """End the threads that hash, and close the databases."""
        self.access.close()
        self.database.close()
        self.events.close()
