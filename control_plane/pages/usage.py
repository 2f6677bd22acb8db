"""How many requests clients made: for pages that say what a decision means, and for quotas."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from control_plane.analytics import application_use
from control_plane.analytics.queries import ApiTotal
from control_plane.analytics.questions import About
from control_plane.analytics.quota_use import QuotaUse, limits_in, quota_use
from control_plane.analytics.tally import Dimension
from control_plane.clock import from_epoch_ms
from control_plane.management.policy_limits import ApiLimits, limits_of
from control_plane.pages.apis.overview import last_day
from control_plane.pages.visit import EnvironmentVisit
from control_plane.store.tables import Contract

DAY: Final = timedelta(hours=24)
WEEK: Final = timedelta(days=7)


def requests_today(visit: EnvironmentVisit, client_id: str) -> Counter[int]:
    """How many requests the client made since midnight, UTC, by API instance."""
    now = visit.now()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with visit.services.events.answers(now) as answers:
        return application_use.by_api(
            answers, visit.environment.id, client_id, Dimension.APPLICATION, now, now - midnight
        )


def requests_of_day(visit: EnvironmentVisit) -> Counter[str]:
    """How many requests each client made in the last 24 hours."""
    with visit.services.events.answers(visit.now()) as answers:
        about = About(visit.environment.id)
        return answers.in_all(about, Dimension.APPLICATION, last_day(visit))


def totals_of_clients(
    visit: EnvironmentVisit, client_ids: Collection[str], span: timedelta
) -> dict[str, ApiTotal]:
    """The numbers of these clients in about the last `span`."""
    now = visit.now()
    with visit.services.events.answers(now) as answers:
        return application_use.totals(answers, visit.environment.id, client_ids, now, span)


class Quotas(NamedTuple):
    """What pages show about the limits of a client's contracts."""

    of_policies: dict[int, ApiLimits]
    """By API instance, as is the next one."""
    use: dict[int, QuotaUse]
    newest: datetime | None
    """When the newest event of the environment came: later requests are not counted yet."""


def quotas(
    visit: EnvironmentVisit, session: Session, client_id: str, contracts: Sequence[Contract]
) -> Quotas:
    """The limits of the contracts, and how much of them is used."""
    environment_id = visit.environment.id
    limits = {contract.api_id: limits_in(contract.tier) for contract in contracts}
    with visit.services.events.answers(visit.now()) as answers:
        use = quota_use(answers, environment_id, client_id, limits, visit.now())
        newest_ms = answers.newest_ms(environment_id)
    newest = None if newest_ms is None else from_epoch_ms(newest_ms)
    return Quotas(limits_of(session, environment_id, limits), use, newest)
