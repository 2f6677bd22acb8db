"""Home: whether anything is wrong now."""

from datetime import UTC, timedelta
from http import HTTPStatus
from typing import NamedTuple

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from control_plane.analytics.queries import GROUPINGS, Window
from control_plane.management import apis, contracts
from control_plane.pages.visit import EnvironmentVisit, InEnvironment, InVisit

router = APIRouter()


class Traffic(NamedTuple):
    """Requests since midnight, UTC."""

    requests: int
    errors: int
    """Answers with a status of 500 or more that no policy gave."""
    denied: int

    def percent(self, number: int) -> str:
        """A part of the requests."""
        return f"{number / self.requests:.1%}" if self.requests else "none"


@router.get("/", name="start")
def start(visit: InVisit) -> Response:
    """The home of the environment that was visited last."""
    if visit.environment is None:
        return visit.page("no_environment.html")
    return RedirectResponse(visit.url("home"), HTTPStatus.SEE_OTHER)


@router.get("/environments/{environment_id}", name="home")
def home(visit: InEnvironment) -> Response:
    """The numbers of today, and what waits for somebody."""
    traffic = _traffic(visit) if visit.may("analytics:read") else None
    with visit.reading() as session:
        pending = contracts.count_pending(session, visit.environment.id)
        instances = apis.count(session, visit.environment.id)
    return visit.page("home.html", traffic=traffic, pending=pending, instances=instances)


def _traffic(visit: EnvironmentVisit) -> Traffic:
    now = visit.now().astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    window = Window(visit.environment.id, midnight, now + timedelta(milliseconds=1))
    events = visit.services.events
    statuses = {
        row["key"]: row["count"] for row in events.summary(window, GROUPINGS["status_code"])
    }
    outcomes = {row["key"]: row["count"] for row in events.summary(window, GROUPINGS["outcome"])}
    denied = outcomes.get("BLOCKED", 0)
    failed = sum(count for status, count in statuses.items() if status >= 500)
    return Traffic(sum(outcomes.values()), failed, denied)
