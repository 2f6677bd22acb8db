"""How many requests clients made: for pages that say what a decision means, and for quotas."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from control_plane.analytics.queries import GROUPINGS, Window
from control_plane.pages.visit import EnvironmentVisit
from control_plane.store.tables import Contract

_DAY: Final = timedelta(hours=24)


def window_since(
    visit: EnvironmentVisit, start: datetime, client_ids: tuple[str, ...] | None = None
) -> Window:
    """The requests in the environment from `start` until now, of all clients or of these."""
    end = visit.now() + timedelta(milliseconds=1)
    return Window(visit.environment.id, start, end, client_ids=client_ids)


def requests_today(visit: EnvironmentVisit, client_id: str) -> dict[int, int]:
    """How many requests the client made since midnight, UTC, by API instance."""
    midnight = visit.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = window_since(visit, midnight, (client_id,))
    rows = visit.services.events.summary(window, GROUPINGS["api"])
    return {row["key"]: row["count"] for row in rows}


class QuotaUse(NamedTuple):
    """How near a client came to a limit of its tier."""

    most: int
    """The requests in the period that had the most of them."""
    limit: int
    period_ms: int


def quota_use(
    visit: EnvironmentVisit, client_id: str, contracts: Sequence[Contract]
) -> dict[int, list[QuotaUse]]:
    """For each contract with a tier, its use of each limit in the last day or longer period.

    Periods are counted from 1970 on, and those of the adapters begin with a request. So this shows
    the load, and not what is left.
    """
    limits = {
        contract: [
            (limit["maximumRequests"], limit["timePeriodInMilliseconds"])
            for limit in contract.tier.limits
        ]
        for contract in contracts
        if contract.tier is not None
    }
    busiest = {
        period_ms: _busiest(visit, client_id, period_ms)
        for period_ms in {period_ms for given in limits.values() for _, period_ms in given}
    }
    return {
        contract.id: [
            QuotaUse(busiest[period_ms].get(contract.api_id, 0), limit, period_ms)
            for limit, period_ms in given
        ]
        for contract, given in limits.items()
    }


def _busiest(visit: EnvironmentVisit, client_id: str, period_ms: int) -> dict[int, int]:
    length = max(_DAY, timedelta(milliseconds=period_ms))
    window = window_since(visit, visit.now() - length, (client_id,))
    return visit.services.events.busiest_periods(window, period_ms)
