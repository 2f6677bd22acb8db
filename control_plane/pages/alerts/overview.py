"""The alerts of the environment, and how they stand now."""

from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import Select

from control_plane.accounts.roles import Permission
from control_plane.alerts import alerts
from control_plane.alerts.alerts import rule_of
from control_plane.alerts.words import condition
from control_plane.pages.listing import InListing
from control_plane.pages.visit import EnvironmentVisit, in_environment
from control_plane.store.tables import MAX_ID, Alert, AlertStanding

router = APIRouter()

AlertsReader = Annotated[EnvironmentVisit, in_environment(Permission.ALERTS_READ)]
AlertsWriter = Annotated[EnvironmentVisit, in_environment(Permission.ALERTS_WRITE)]

_SORTABLE: Final = {
    "name": Alert.name,
    "severity": Alert.severity,
    "created": Alert.created_at,
}


@router.get("/environments/{environment_id}/alerts", name="alerts")
def show_all(visit: AlertsReader, listing: InListing) -> Response:
    """The alerts; `api` asks for those of one API instance, `show=triggered` for what is wrong."""
    api_id = api_id_of(listing.query.get("api", ""))
    found = alerts.of_environment(visit.environment.id, api_id)
    with visit.reading() as session:
        api = None if api_id is None else visit.api(session, api_id)
        part = listing.rows(
            session, _shown(found, listing.query.get("show")), _SORTABLE, [Alert.name]
        )
        standings = alerts.standings(session, visit.environment.id)
        return visit.page(
            "alerts/list.html",
            part=part,
            standings=standings,
            conditions={alert.id: condition(rule_of(alert)) for alert in part.rows},
            exist=bool(standings),
            api=api,
        )


def _shown(found: Select[Alert], show: str | None) -> Select[Alert]:
    if show != "triggered":
        return found
    triggered = AlertStanding.triggered_at.is_not(None)
    joined = found.join(AlertStanding, AlertStanding.alert_id == Alert.id)
    return joined.where(Alert.enabled, triggered)


def api_id_of(text: str) -> int | None:
    """The API instance that a parameter names; None without a number."""
    is_id = text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_ID
    return int(text) if is_id else None
