"""The list of API instances with the numbers of the last day."""

from collections.abc import Collection, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import String, cast
from sqlalchemy.orm import Session

from control_plane.accounts.roles import Permission
from control_plane.analytics.dashboard import api_p95, api_totals, refusals
from control_plane.analytics.periods import RANGES, Period
from control_plane.analytics.queries import ApiTotal
from control_plane.analytics.questions import About
from control_plane.analytics.rollups import HOUR
from control_plane.fleet import in_force
from control_plane.fleet.in_force import InForce
from control_plane.management import api_search, apis
from control_plane.pages.apis.visits import ApisReader
from control_plane.pages.listing import InListing, Listing, Part
from control_plane.pages.visit import EnvironmentVisit
from control_plane.store.tables import ApiInstance, Asset

router = APIRouter()

_STATUSES: Final = {"active": False, "deprecated": True}
_SORTABLE: Final = {
    "name": Asset.asset_id,
    "label": ApiInstance.instance_label,
    "version": ApiInstance.asset_version,
    "id": ApiInstance.id,
    "created": ApiInstance.created_at,
}
_SEARCHED: Final = (
    Asset.asset_id,
    ApiInstance.instance_label,
    ApiInstance.description,
    cast(ApiInstance.id, String),
)


@router.get("/environments/{environment_id}/apis", name="apis")
def show_all(visit: ApisReader, listing: InListing) -> Response:
    """The API instances of the environment."""
    totals = totals_of_day(visit)
    with visit.reading() as session:
        part = _part(session, visit, listing, totals or {})
        shown = [api.id for api in part.rows]
        contracts = apis.active_contracts(session, shown)
        running = _in_force(session, visit, shown)
        exist = part.total > 0 or apis.count(session, visit.environment.id) > 0
    return visit.page(
        "apis/list.html",
        part=part,
        totals=totals,
        no_requests=ApiTotal(),
        contracts=contracts,
        times=times_of_day(visit, shown),
        running=running,
        exist=exist,
    )


def _part(
    session: Session, visit: EnvironmentVisit, listing: Listing, totals: dict[int, ApiTotal]
) -> Part[ApiInstance]:
    status = listing.filter("status", list(_STATUSES))
    found = apis.of_environment(visit.environment.id, _STATUSES.get(status))
    ranks = _ranks(session, visit, listing.sort.removeprefix("-"), totals)
    if ranks is None:
        return listing.rows(session, found, _SORTABLE, _SEARCHED)
    return listing.rows_by(session, found, ApiInstance.id, lambda key: ranks.get(key, 0), _SEARCHED)


def _ranks(
    session: Session, visit: EnvironmentVisit, column: str, totals: dict[int, ApiTotal]
) -> Mapping[int, float] | None:
    """The numbers of a column by API instance, 0 if missing; None for a column of their table."""
    if column == "applications":
        return apis.active_contracts(session)
    if column in ("p95", "in_sync"):
        every = session.scalars(api_search.matching(visit.environment.id)).all()
        if column == "p95":
            return times_of_day(visit, every) or {}
        return {key: found.share for key, found in _in_force(session, visit, every).items()}
    rank = {"requests": _requests, "errors": _error_rate, "denied": _denied_rate}.get(column)
    return rank and {key: rank(total) for key, total in totals.items()}


def _in_force(
    session: Session, visit: EnvironmentVisit, api_ids: Collection[int]
) -> dict[int, InForce]:
    organization_id, now = visit.caller.organization_id, visit.now()
    return in_force.of_apis(session, organization_id, visit.environment.id, api_ids, now)


def times_of_day(visit: EnvironmentVisit, api_ids: Collection[int]) -> dict[int, float] | None:
    """The p95 of the response times in the last 24 hours, in ms; None as in `totals_of_day`."""
    if not visit.may(Permission.ANALYTICS_READ):
        return None
    # Whole hours: they have the fewest rows.
    period = Period.recent(RANGES["24h"]._replace(bar=HOUR), visit.now(), ZoneInfo("UTC"))
    with visit.services.events.answers(visit.now()) as answers:
        return api_p95(answers, visit.environment.id, api_ids, period)


def _requests(total: ApiTotal) -> float:
    return total.requests


def _error_rate(total: ApiTotal) -> float:
    return total.errors / (total.requests or 1)


def _denied_rate(total: ApiTotal) -> float:
    return total.denied / (total.requests or 1)


def totals_of_day(visit: EnvironmentVisit) -> dict[int, ApiTotal] | None:
    """The numbers of the last 24 hours by API; None for somebody who may not see them."""
    if not visit.may(Permission.ANALYTICS_READ):
        return None
    with visit.services.events.answers(visit.now()) as answers:
        return api_totals(answers, visit.environment.id, last_day(visit))


def refusals_of_day(
    visit: EnvironmentVisit, api_id: int | None = None
) -> dict[tuple[str, str], int] | None:
    """The requests of the last 24 hours that each policy refused; None as in `totals_of_day`."""
    if not visit.may(Permission.ANALYTICS_READ):
        return None
    with visit.services.events.answers(visit.now()) as answers:
        return refusals(answers, About(visit.environment.id, api_id), last_day(visit))


def last_day(visit: EnvironmentVisit) -> Period:
    """The last 24 hours."""
    return Period.recent(RANGES["24h"], visit.now(), ZoneInfo("UTC"))
