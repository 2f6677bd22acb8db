"""Home: whether anything is wrong now."""

from datetime import datetime
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from control_plane.analytics.queries import ApiTotal
from control_plane.management import apis, contracts
from control_plane.pages.apis.overview import totals_of_day
from control_plane.pages.visit import EnvironmentVisit, InEnvironment, InVisit

router = APIRouter()

_WORST: Final = 3


class _Worst(NamedTuple):
    """An API instance with errors."""

    api_id: int
    name: str
    total: ApiTotal


@router.get("/", name="start")
def start(visit: InVisit) -> Response:
    """The home of the environment that was visited last."""
    if visit.environment is None:
        return visit.page("no_environment.html")
    return RedirectResponse(visit.url("home"), HTTPStatus.SEE_OTHER)


@router.get("/environments/{environment_id}", name="home")
def home(visit: InEnvironment) -> Response:
    """The numbers of the last day, the APIs with most errors, and what waits for somebody."""
    totals = totals_of_day(visit)
    with visit.reading() as session:
        pending = contracts.count_pending(session, visit.environment.id)
        instances = apis.count(session, visit.environment.id)
        worst = _worst(session, visit, totals or {})
    return visit.page(
        "home.html",
        traffic=None if totals is None else _sum(totals),
        worst=worst,
        newest=_newest(visit),
        pending=pending,
        instances=instances,
    )


def _sum(totals: dict[int, ApiTotal]) -> ApiTotal:
    columns = zip(*totals.values(), strict=True) if totals else ()
    return ApiTotal(*map(sum, columns))


def _worst(session: Session, visit: EnvironmentVisit, totals: dict[int, ApiTotal]) -> list[_Worst]:
    """The API instances with the highest error rates; none without errors."""
    failing = [api_id for api_id, total in totals.items() if total.errors]
    failing.sort(key=lambda api_id: totals[api_id].errors / totals[api_id].requests, reverse=True)
    names = apis.names(session, visit.environment.id) if failing else {}
    known = [api_id for api_id in failing if api_id in names]
    return [_Worst(api_id, names[api_id], totals[api_id]) for api_id in known[:_WORST]]


def _newest(visit: EnvironmentVisit) -> datetime | None:
    """When the newest event came; None for somebody who may not see events."""
    if not visit.may("analytics:read"):
        return None
    return visit.services.events.newest_time(visit.environment.id)
