"""One SLA tier: a change says what it means for contracts before it is saved."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.errors import Stale
from control_plane.http_statuses import status_of
from control_plane.management import tiers, versions
from control_plane.management.tiers import Impact
from control_plane.pages.apis.visits import ApisWriter, title_of
from control_plane.pages.forms import FIXABLE, Form, InForm, Posted
from control_plane.pages.paths import RowId
from control_plane.pages.templating import counted
from control_plane.pages.tiers.fields import UNITS, columns_of, labels_of, rows_of, values_of
from control_plane.pages.visit import EnvironmentVisit, in_turn

router = APIRouter(prefix="/environments/{environment_id}/apis/{api_id}/tiers/{tier_id}")


@router.get("", name="tier")
def show(visit: ApisWriter, api_id: RowId, tier_id: RowId) -> Response:
    """The form to change a tier."""
    return _page(visit, api_id, tier_id)


def _page(
    visit: EnvironmentVisit,
    api_id: int,
    tier_id: int,
    refused: Form | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    with visit.reading() as session:
        api = visit.api(session, api_id)
        tier = tiers.get(session, api, tier_id)
        form = refused or Form(values_of(tier) | {"version": versions.version_of(tier)})
        return visit.page(
            "tiers/form.html",
            status,
            restorable=True,
            api=api,
            title=title_of(api),
            tier=tier,
            users=tiers.users(session, tier),
            form=form,
            numbers=rows_of(form),
            units=[(unit, unit) for unit in UNITS],
        )


@router.post("")
@in_turn
def change(visit: ApisWriter, api_id: RowId, tier_id: RowId, form: InForm) -> Response:
    """Save the tier; if that changes contracts, ask first."""
    if form.text("do") == "edit":
        return _page(visit, api_id, tier_id, form.shown())
    try:
        columns = columns_of(form)
        with visit.writing() as transaction:
            api = visit.api(transaction.session, api_id)
            tier = tiers.get(transaction.session, api, tier_id)
            versions.require(form.text("version"), tier)
            impact = tiers.impact(transaction.session, tier, columns)
            if impact != Impact() and not form.text("confirmed"):
                return _ask(visit, api_id, tier_id, form, impact)
            tiers.change(transaction, tier, columns)
    except Stale:
        return _compare(visit, api_id, tier_id, form)
    except FIXABLE as error:
        return _page(visit, api_id, tier_id, form.refused(error), status_of(error))
    path = visit.url("tiers", api_id=api_id)
    return visit.redirect(path, f"The tier {columns['name']} is saved.")


def _ask(
    visit: EnvironmentVisit, api_id: int, tier_id: int, form: Posted, impact: Impact
) -> Response:
    consequences = []
    if impact.contracts:
        contracts = counted(impact.contracts, "contract gets", "contracts get")
        consequences.append(f"{contracts} the new limits. Adapters read tiers every minute.")
    if impact.approvals:
        requests = counted(impact.approvals, "request")
        consequences.append(
            f"Approval becomes automatic: {requests} for the tier will be approved."
        )
    return visit.confirm(
        f"Save the tier {form.text('name')}?",
        consequences,
        button="Save",
        cancel=visit.url("tier", api_id=api_id, tier_id=tier_id),
        fields={name: values[-1] for name, values in form.fields.items()} | {"confirmed": "yes"},
        may_edit=True,
    )


def _compare(visit: EnvironmentVisit, api_id: int, tier_id: int, form: Posted) -> Response:
    with visit.reading() as session:
        tier = tiers.get(session, visit.api(session, api_id), tier_id)
        theirs, version = values_of(tier), versions.version_of(tier)
    labels = labels_of(form, theirs)
    shown: dict[str, Any] = dict.fromkeys(labels, "") | theirs
    cancel = visit.url("tier", api_id=api_id, tier_id=tier_id)
    return visit.stale(form, labels, shown, version, cancel=cancel)


@router.get("/delete", name="delete_tier")
def ask_to_delete(visit: ApisWriter, api_id: RowId, tier_id: RowId) -> Response:
    """Ask before a tier is deleted."""
    with visit.reading() as session:
        tier = tiers.get(session, visit.api(session, api_id), tier_id)
    return visit.confirm(
        f"Delete the tier {tier.name}?",
        [
            "A tier can be deleted while no contract that is approved or waits for approval has it"
            " or asks for it. It can't be restored.",
            "Revoked and rejected contracts lose it. To restore one of them, choose another tier.",
        ],
        button="Delete",
        cancel=visit.url("tier", api_id=api_id, tier_id=tier_id),
        fields={"version": versions.version_of(tier)},
    )


@router.post("/delete")
@in_turn
def delete(visit: ApisWriter, api_id: RowId, tier_id: RowId, form: InForm) -> Response:
    """Delete a tier that no contract in force or waiting has or asks for."""
    try:
        with visit.writing() as transaction:
            api = visit.api(transaction.session, api_id)
            tier = tiers.get(transaction.session, api, tier_id)
            versions.require(form.text("version"), tier)
            tiers.delete(transaction, tier)
    except (Stale, *FIXABLE) as error:
        refused = Form(_values(visit, api_id, tier_id), form.refused(error).errors)
        return _page(visit, api_id, tier_id, refused, status_of(error))
    path = visit.url("tiers", api_id=api_id)
    return visit.redirect(path, f"The tier {tier.name} is deleted.")


def _values(visit: EnvironmentVisit, api_id: int, tier_id: int) -> dict[str, str]:
    with visit.reading() as session:
        tier = tiers.get(session, visit.api(session, api_id), tier_id)
        return values_of(tier) | {"version": versions.version_of(tier)}
