"""One alert: how it stands, its history, a test, and deleting it."""

from functools import partial

from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.alerts import alerts, outbox
from control_plane.alerts.alerts import rule_of
from control_plane.alerts.notices import value_in
from control_plane.alerts.outbox import Letter
from control_plane.alerts.rules import Kind
from control_plane.alerts.trial import Trial
from control_plane.alerts.words import condition, value_text
from control_plane.management import versions
from control_plane.pages.alerts.overview import AlertsReader, AlertsWriter
from control_plane.pages.forms import InForm
from control_plane.pages.paths import RowId
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import AlertStanding

router = APIRouter(prefix="/environments/{environment_id}/alerts/{alert_id}")


@router.get("", name="alert")
def show(visit: AlertsReader, alert_id: RowId) -> Response:
    """The alert."""
    return _page(visit, alert_id)


def _page(
    visit: EnvironmentVisit, alert_id: int, tested: dict[Letter, str] | None = None
) -> Response:
    with visit.reading() as session:
        alert = alerts.get(session, visit.environment.id, alert_id)
        standing = session.get_one(AlertStanding, alert_id)
        value = standing.value
        return visit.page(
            "alerts/alert.html",
            alert=alert,
            standing=standing,
            condition=condition(rule_of(alert)),
            value="" if value is None else value_text(Kind(alert.kind), value),
            targets=outbox.targets(session, alert),
            history=outbox.history(session, alert_id),
            value_in=value_in,
            tested=tested,
        )


@router.post("/test", name="test_alert")
async def test(visit: AlertsWriter, alert_id: RowId) -> Response:
    """Send a test notice to each recipient, and show what became of it."""
    services = visit.services
    trial = Trial(services.database, services.writes, services.delivery, visit.base_url)
    results = await trial.run(visit.environment.id, alert_id)
    return await run_sync(partial(_page, visit, alert_id, results))


@router.get("/delete", name="delete_alert")
def ask_to_delete(visit: AlertsWriter, alert_id: RowId) -> Response:
    """Ask before an alert is deleted."""
    with visit.reading() as session:
        alert = alerts.get(session, visit.environment.id, alert_id)
    return visit.confirm(
        f"Delete the alert {alert.name}?",
        ["Nobody is told any more, and its history is deleted. To keep both, turn it off instead."],
        button="Delete",
        cancel=visit.url("alert", alert_id=alert_id),
        fields={"version": versions.version_of(alert)},
    )


@router.post("/delete")
@in_turn
def delete(visit: AlertsWriter, alert_id: RowId, form: InForm) -> Response:
    """Delete an alert; raise Stale if somebody has changed it since the question."""
    with visit.writing() as transaction:
        alert = alerts.get(transaction.session, visit.environment.id, alert_id)
        versions.require(form.text("version"), alert)
        alerts.delete(transaction, alert)
    return visit.redirect(visit.url("alerts"), f"The alert {alert.name} is deleted.")
