"""Home: whether anything is wrong now."""

from collections import Counter
from datetime import datetime
from http import HTTPStatus
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from control_plane.accounts.roles import Permission
from control_plane.alerts import alerts
from control_plane.analytics.dashboard import api_totals, totals
from control_plane.analytics.queries import ApiTotal
from control_plane.analytics.questions import About
from control_plane.clock import from_epoch_ms
from control_plane.fleet import adapters, standing
from control_plane.management import apis, contracts
from control_plane.pages.analytics.figures import Figure, figures
from control_plane.pages.apis.overview import last_day
from control_plane.pages.visit import EnvironmentVisit, InEnvironment, InVisit

router = APIRouter()

_WORST: Final = 3
_ALERTS: Final = 5
_SHOWN: Final = ("Requests", "Server errors", "Denied", "95th percentile")


class _Day(NamedTuple):
    """The last 24 hours."""

    figures: list[Figure]
    apis: dict[int, ApiTotal]
    newest: datetime | None
    """When the newest event came."""


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
    day = _day(visit) if visit.may(Permission.ANALYTICS_READ) else None
    with visit.reading() as session:
        pending = contracts.count_pending(session, visit.environment.id)
        instances = apis.count(session, visit.environment.id)
        worst = _worst(session, visit, day.apis if day else {})
        words = _adapter_words(session, visit)
        triggered = alerts.triggered(session, visit.environment.id)
    return visit.page(
        "home.html",
        triggered=triggered[:_ALERTS],
        more_triggered=max(0, len(triggered) - _ALERTS),
        figures=day and day.figures,
        worst=worst,
        newest=day and day.newest,
        words=words,
        pending=pending,
        instances=instances,
    )


def _day(visit: EnvironmentVisit) -> _Day:
    """The numbers of the last 24 hours, compared with the 24 hours before."""
    about = About(visit.environment.id)
    period = last_day(visit)
    with visit.services.events.answers(visit.now()) as answers:
        now = totals(answers, about, period)
        before = totals(answers, about, period.previous(ZoneInfo("UTC")))
        by_api = api_totals(answers, visit.environment.id, period)
        newest_ms = answers.newest_ms(visit.environment.id)
    newest = None if newest_ms is None else from_epoch_ms(newest_ms)
    shown = [figure for figure in figures(now, before) if figure.label in _SHOWN]
    return _Day(shown, by_api, newest)


def _worst(session: Session, visit: EnvironmentVisit, totals: dict[int, ApiTotal]) -> list[_Worst]:
    """The API instances with the highest error rates; none without errors."""
    failing = [api_id for api_id, total in totals.items() if total.errors]
    failing.sort(key=lambda api_id: totals[api_id].errors / totals[api_id].requests, reverse=True)
    names = apis.names(session, visit.environment.id) if failing else {}
    known = [api_id for api_id in failing if api_id in names]
    return [_Worst(api_id, names[api_id], totals[api_id]) for api_id in known[:_WORST]]


def _adapter_words(session: Session, visit: EnvironmentVisit) -> Counter[str] | None:
    """How many adapters are in each state; None for somebody who may not see them."""
    if not visit.may(Permission.ADAPTERS_READ):
        return None
    rows = session.scalars(adapters.of_environment(visit.environment.id)).all()
    organization_id, environment_id = visit.caller.organization_id, visit.environment.id
    states = standing.of_adapters(session, organization_id, environment_id, rows, visit.now())
    return Counter(state.word.value for state in states.values())
