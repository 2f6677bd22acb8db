"""The adapters: whether they run what was saved, and how they are doing."""

import shlex
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.accounts.roles import Permission
from control_plane.errors import Stale
from control_plane.fleet import adapters, changes, losses, standing
from control_plane.fleet.standing import ApiStanding, Reported
from control_plane.fleet.states import State, Word, duration
from control_plane.management import versions
from control_plane.pages.again import Again, again
from control_plane.pages.fleet.rollout import AdaptersReader
from control_plane.pages.forms import InForm
from control_plane.pages.listing import PAGE_SIZE, InListing, Listing, Part
from control_plane.pages.paths import RowId
from control_plane.pages.visit import EnvironmentVisit, in_environment, in_turn
from control_plane.store.tables import Adapter

router = APIRouter(prefix="/environments/{environment_id}/adapters")

AdaptersWriter = Annotated[EnvironmentVisit, in_environment(Permission.ADAPTERS_WRITE)]

_SHOWN: Final = {"troubled": "Not in sync", "closed": "Closed"}
"""Which API instances of an adapter a filter shows."""

_UNVERSIONED: Final = ("details", "sightings")
"""They are not read for a question. Every report has another date."""


class AdapterRow(NamedTuple):
    """A row of the list."""

    adapter: Adapter
    state: State
    age: str
    """Since its last report."""


@router.get("", name="adapters")
def show_all(visit: AdaptersReader, listing: InListing) -> Response:
    """All adapters that have reported."""
    sortable = {
        "name": Adapter.instance_id,
        "version": Adapter.version,
        "reported": Adapter.reported_at,
    }
    now, environment_id = visit.now(), visit.environment.id
    with visit.reading() as session:
        revision = changes.newest(session)
        found = listing.rows(
            session,
            adapters.of_environment(environment_id),
            sortable,
            [Adapter.instance_id, Adapter.version],
        )
        states = standing.of_adapters(
            session, visit.caller.organization_id, environment_id, found.rows, now
        )
        forgotten = losses.of_environment(session, environment_id).adapters
    rows = [AdapterRow(row, states[row.id], _age(visit, row)) for row in found.rows]
    return visit.page(
        "fleet/adapters.html",
        part=Part(listing, rows, found.total),
        revision=revision,
        forgotten=forgotten,
        enrolment=_enrolment(visit),
    )


def _age(visit: EnvironmentVisit, adapter: Adapter) -> str:
    return duration(visit.now() - adapter.reported_at)


def _enrolment(visit: EnvironmentVisit) -> tuple[str, str]:
    """The commands that start an adapter: one here, one on its machine."""
    name = shlex.quote(visit.environment.name)
    return (
        f"policy-control-plane adapter-settings --database DATABASE --environment {name} \\\n"
        f"  --base-url {visit.base_url} --output adapter.yaml",
        "policy-adapter serve --config adapter.yaml",
    )


@router.get("/{adapter_id}", name="adapter")
def show(visit: AdaptersReader, adapter_id: RowId, listing: InListing) -> Response:
    """One adapter, with each API instance."""
    now = visit.now()
    with visit.reading() as session:
        revision = changes.newest(session)
        adapter = adapters.get(session, visit.environment.id, adapter_id)
        organization_id = visit.caller.organization_id
        environment_id = visit.environment.id
        state = standing.of_adapters(session, organization_id, environment_id, [adapter], now)
        found = standing.of_apis(session, organization_id, adapter, now)
        details = adapter.details
    return visit.page(
        "fleet/adapter.html",
        adapter=adapter,
        details=details,
        state=state[adapter.id],
        age=_age(visit, adapter),
        dropped=standing.dropped(details["events"]["outcomes"]),
        running=duration(max(timedelta(), adapter.reported_at - adapter.started_at)),
        revision=revision,
        part=_part(listing, found),
        troubled=_SHOWN,
        in_force=_in_force,
        known=len(found),
    )


def _in_force(reported: Reported | None) -> str:
    """Up to which revision an API is in force, or each part of it if they differ."""
    if reported is None:
        return "not loaded"
    parts = {part: reported.get(part) for part in ("policies", "tiers", "contracts")}
    texts = {part: "unknown" if number is None else f"{number:,}" for part, number in parts.items()}
    if len(set(texts.values())) == 1:
        return texts["policies"]
    return ", ".join(f"{part} {text}" for part, text in texts.items())


def _part(listing: Listing, found: list[ApiStanding]) -> Part[ApiStanding]:
    """The rows of this page: the worst first."""
    shown, text = listing.filter("show", list(_SHOWN)), listing.text.casefold()
    order = [*Word]
    rows = sorted(
        (row for row in found if _is_shown(row, shown) and text in f"{row.api_id} {row.name}"),
        key=lambda row: (-order.index(row.state.word), row.name, row.api_id),
    )
    start = (listing.number - 1) * PAGE_SIZE
    return Part(listing, rows[start : start + PAGE_SIZE], len(rows))


def _is_shown(row: ApiStanding, shown: str) -> bool:
    if shown == "closed":
        return bool(row.reported and row.reported.get("faults"))
    return not shown or row.state.word != Word.IN_SYNC


@router.get("/{adapter_id}/forget", name="forget_adapter")
def ask_to_forget(visit: AdaptersWriter, adapter_id: RowId) -> Response:
    """Ask before an adapter is forgotten."""
    return _forget_page(visit, adapter_id)


def _forget_page(visit: EnvironmentVisit, adapter_id: int, again: Again | None = None) -> Response:
    with visit.reading() as session:
        adapter = adapters.get(session, visit.environment.id, adapter_id)
    return visit.confirm(
        f"Forget the adapter {adapter.instance_id}?",
        [
            f"Its last report came {_age(visit, adapter)} ago. Its page and its counts are"
            " deleted.",
            "Nothing changes on the adapter itself. If it reports again, it is back.",
        ],
        button="Forget",
        cancel=visit.url("adapter", adapter_id=adapter_id),
        fields={"version": versions.version_of(adapter, without=_UNVERSIONED)},
        again=again,
    )


@router.post("/{adapter_id}/forget", status_code=HTTPStatus.SEE_OTHER)
@in_turn
def forget(visit: AdaptersWriter, adapter_id: RowId, form: InForm) -> Response:
    """Forget an adapter that has not reported since the page was opened."""
    try:
        with visit.writing() as transaction:
            adapter = adapters.get(transaction.session, visit.environment.id, adapter_id)
            why = "it has reported since you opened this page, so it is running"
            versions.require(form.text("version"), adapter, without=_UNVERSIONED, why=why)
            adapters.forget(transaction, adapter)
    except Stale as error:
        return _forget_page(visit, adapter_id, again(visit, form, error))
    return visit.redirect(visit.url("adapters"), f"The adapter {adapter.instance_id} is forgotten.")
