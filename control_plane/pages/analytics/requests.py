"""The log of requests."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import RowMapping

from control_plane.accounts.roles import Permission
from control_plane.analytics.periods import RANGES
from control_plane.analytics.request_log import Place, Search
from control_plane.clock import from_epoch_ms
from control_plane.errors import Invalid
from control_plane.management import apis, applications
from control_plane.pages.analytics.filters import Filters, InFilters
from control_plane.pages.analytics.rankings import Names
from control_plane.pages.visit import EnvironmentVisit, in_environment

router = APIRouter(prefix="/environments/{environment_id}/requests")

RequestsReader = Annotated[EnvironmentVisit, in_environment(Permission.REQUESTS_READ)]
_PAGE_SIZE: Final = 50
_TEXTS: Final = ("status", "policy", "method", "path", "agent", "id")


@router.get("", name="requests")
def show_all(visit: RequestsReader, filters: InFilters) -> Response:
    """Requests, newest first; `before` is the place after which the page begins."""
    try:
        wanted = search_of(visit, filters)
        rows = visit.services.events.search(wanted, _before(filters), _PAGE_SIZE + 1)
    except Invalid as error:
        return visit.page("analytics/refused.html", 400, filters=filters, reason=str(error))
    shown = rows[:_PAGE_SIZE]
    return visit.page(
        "analytics/requests.html",
        filters=filters,
        ranges=RANGES,
        rows=shown,
        moment=from_epoch_ms,
        names=names_in(visit, shown),
        older=_older(filters, shown[-1]) if len(rows) > _PAGE_SIZE else "",
        newest=_before(filters) is None,
        days=visit.services.events.retention.days,
    )


def search_of(visit: EnvironmentVisit, filters: Filters) -> Search:
    """The search that the URL asks for; raise Invalid, which names a parameter."""
    with visit.services.events.answers(visit.now()) as answers:
        period = filters.period(answers, visit.now())
    texts = {name: filters.query.get(name, "") for name in _TEXTS}
    # A period of one's own is exact here, without the rest of its bars.
    since, until = (None, None) if filters.range else map(filters.moment_ms, ("since", "until"))
    return Search(
        visit.environment.id,
        period.start_ms if since is None else since,
        period.end_ms if until is None else until,
        filters.api_id,
        filters.client_id,
        **texts,
    )


def _before(filters: Filters) -> Place | None:
    given = filters.query.get("before", "")
    if not given:
        return None
    received, _, event_id = given.partition("-")
    if not (received.isascii() and received.isdigit() and len(received) < 16 and event_id):
        raise Invalid("before: is not a place in the log")
    return Place(int(received), event_id)


def _older(filters: Filters, last: RowMapping) -> str:
    return filters.url(before=f"{last['received_ms']}-{last['event_id']}")


def names_in(visit: EnvironmentVisit, rows: Sequence[RowMapping]) -> Names:
    """The names of the API instances and the applications in these rows."""
    clients = {row["client_id"] for row in rows} - {None}
    with visit.reading() as session:
        return Names(
            apis.names(session, visit.environment.id),
            applications.names(session, visit.caller.organization_id, clients),
        )
