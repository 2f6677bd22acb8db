"""The dashboard of an environment, an API instance or an application."""

from typing import Annotated, Any, Final

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.accounts.roles import Permission
from control_plane.analytics.dashboard import Dashboard, dashboard
from control_plane.analytics.periods import RANGES
from control_plane.analytics.tally import Dimension
from control_plane.clock import from_epoch_ms
from control_plane.errors import Invalid
from control_plane.management import apis, applications
from control_plane.pages.analytics.charts import requests_chart, times_chart
from control_plane.pages.analytics.figures import figures
from control_plane.pages.analytics.filters import InFilters
from control_plane.pages.analytics.rankings import Names, rankings
from control_plane.pages.visit import EnvironmentVisit, in_environment

router = APIRouter(prefix="/environments/{environment_id}")

AnalyticsReader = Annotated[EnvironmentVisit, in_environment(Permission.ANALYTICS_READ)]

_CHOICES: Final = 500
"""Applications to choose from; others are found by their rows in the ranking."""


@router.get("/analytics", name="analytics")
def show(visit: AnalyticsReader, filters: InFilters) -> Response:
    """The numbers of the period, compared with the one before."""
    try:
        with visit.services.events.answers(visit.now()) as answers:
            period = filters.period(answers, visit.now())
            found = dashboard(answers, filters.about(visit.environment.id), period, filters.zone)
    except Invalid as error:
        return visit.page("analytics/refused.html", 400, filters=filters, reason=str(error))
    names = _names(visit, found)
    log = visit.url("requests") if visit.may(Permission.REQUESTS_READ) else ""
    return visit.page(
        "analytics/dashboard.html",
        filters=filters,
        ranges=RANGES,
        names=names,
        found=found,
        figures=figures(found.totals, found.before),
        charts=[requests_chart(found, filters), times_chart(found, filters)],
        rankings=rankings(found.rankings, names, filters, log),
        **_times(visit, found),
    )


def _times(visit: EnvironmentVisit, found: Dashboard) -> dict[str, Any]:
    newest = None if found.newest_ms is None else from_epoch_ms(found.newest_ms)
    oldest = visit.now() - visit.services.events.retention
    return {
        "since": from_epoch_ms(found.period.start_ms),
        "until": from_epoch_ms(found.period.end_ms),
        "newest": newest,
        "events_since": oldest,
        "incomplete": found.from_events and oldest > from_epoch_ms(found.period.start_ms),
    }


def _names(visit: EnvironmentVisit, found: Dashboard) -> Names:
    clients = [key for key, _ in found.rankings[Dimension.APPLICATION].most_common(_CHOICES)]
    with visit.reading() as session:
        return Names(
            apis.names(session, visit.environment.id),
            applications.names(session, visit.caller.organization_id, clients),
        )
