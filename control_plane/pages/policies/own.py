"""Adding a policy to an API instance, and changing one."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.errors import NotFound, Stale
from control_plane.management import policies, policy_chains, twins, versions
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_chains import FIRST, Link
from control_plane.management.policy_checks.checks import type_of
from control_plane.management.policy_types import POLICY_VERSION, schema_of
from control_plane.pages.apis.visits import ApisWriter, api_tabs, title_of
from control_plane.pages.forms import FIXABLE, InForm, Posted
from control_plane.pages.listing import InListing
from control_plane.pages.paths import RowId
from control_plane.pages.policies import draft
from control_plane.pages.policies.draft import Draft, types_matching
from control_plane.pages.policies.editor import Editing, answer, show
from control_plane.pages.policies.refusals import compared, refused
from control_plane.pages.visit import EnvironmentVisit
from control_plane.store.tables import Policy

router = APIRouter(prefix="/environments/{environment_id}/apis/{api_id}/policies")

_UNVERSIONED: Final = ("order", "updated_at", "disabled")
"""What the form does not change."""


@router.get("/new", name="choose_policy")
def choose(visit: ApisWriter, api_id: RowId, listing: InListing) -> Response:
    """The types of policies."""
    types = types_matching(listing.text)
    with visit.reading() as session:
        api = visit.api(session, api_id)
        present = {link.policy_type for link in policy_chains.chain_of(session, api)}
        return visit.page(
            "policies/choose.html",
            title=f"Add a policy to {title_of(api)}",
            types=types,
            paths={
                name: visit.url("new_policy", api_id=api_id, policy_type=name) for name in types
            },
            present=present,
            listing=listing,
            tabs=api_tabs(visit, api_id),
        )


@router.get("/new/{policy_type}", name="new_policy")
def show_new(visit: ApisWriter, api_id: RowId, policy_type: str) -> Response:
    """The form for a new policy."""
    return show(visit, _new(visit, api_id, policy_type))


def _new(visit: EnvironmentVisit, api_id: int, policy_type: str) -> Editing:
    if schema_of(policy_type) is None:
        raise NotFound(f"there is no policy type {policy_type[:64]!r}")
    with visit.reading() as session:
        api = visit.api(session, api_id)
        chain = policy_chains.chain_of(session, api)
        newest = twins.newest(session, Policy)
        second = policies.of_type(session, api_id, VENDOR_GROUP_ID, policy_type) is not None
        title = f"Add {draft.title_of(policy_type)} to {title_of(api)}"
    return Editing(
        title,
        Draft.new(policy_type),
        visit.url("new_policy", api_id=api_id, policy_type=policy_type),
        visit.url("policies", api_id=api_id),
        newest=str(newest),
        is_second=second,
        notes=_notes(policy_type, chain),
        tabs=api_tabs(visit, api_id),
    )


def _notes(policy_type: str, chain: Sequence[Link], policy_id: int = 0) -> list[str]:
    """What a policy of this type meets in the chain."""
    same = [
        link
        for link in chain
        if link.policy_type == type_of(policy_type) and link.policy.id != policy_id
    ]
    inherited = [link for link in same if link.is_automated and link.is_asked]
    notes = ["Adapters enforce it within one poll, 15 seconds by default."]
    if type_of(policy_type) == FIRST:
        notes.append("CORS is asked before all other policies.")
    if any(policy_chains.is_everywhere(link.policy.pointcut) for link in inherited):
        notes.append("An automated policy of this type overrides it: it will not be asked.")
    elif inherited:
        notes.append("An automated policy of this type is asked in its place where both apply.")
    if any(not link.is_automated and link.is_asked for link in same):
        notes.append(
            "The API has another policy of this type. Both are asked where both apply, so a request"
            " has to pass both."
        )
    return notes


@router.post("/new/{policy_type}")
async def add(visit: ApisWriter, api_id: RowId, policy_type: str, form: InForm) -> Response:
    """Answer the form for a new policy."""
    work = partial(_add, visit, api_id, policy_type, form)
    if form.text("do") == "save":
        return await visit.services.writes.run(work)
    return await run_sync(work)


def _add(visit: EnvironmentVisit, api_id: int, policy_type: str, form: Posted) -> Response:
    editing = _new(visit, api_id, policy_type)
    response = answer(visit, editing, form)
    if response is not None:
        return response
    given = editing.posted(form).draft
    columns = columns_of(given) | {
        "asset_id": policy_type,
        "asset_version": POLICY_VERSION,
        "group_id": VENDOR_GROUP_ID,
        "disabled": False,
    }
    try:
        with visit.writing() as transaction:
            api = visit.api(transaction.session, api_id)
            own = columns | {"api_id": api_id}
            if not twins.twin(transaction.session, Policy, form.text("newest"), own):
                policies.apply(
                    transaction,
                    api,
                    columns,
                    visit.services.policy_checks,
                    allow_duplicated=form.text("second") == "confirmed",
                )
    except FIXABLE as error:
        return refused(visit, editing.posted(form), error)
    return _done(visit, api_id, policy_type, "applied")


def columns_of(given: Draft) -> dict[str, Any]:
    """The columns of a policy that its form changes."""
    return {"configuration": given.configuration(), "pointcut": given.pointcut()}


def _done(visit: EnvironmentVisit, api_id: int, asset_id: str, what: str) -> Response:
    path = visit.url("policies", api_id=api_id)
    return visit.redirect(path, f"{draft.title_of(asset_id)} is {what}.")


@router.get("/{policy_id}", name="policy")
def show_policy(visit: ApisWriter, api_id: RowId, policy_id: RowId) -> Response:
    """The form of a policy."""
    return show(visit, _stored(visit, api_id, policy_id))


def _stored(visit: EnvironmentVisit, api_id: int, policy_id: int) -> Editing:
    with visit.reading() as session:
        api = visit.api(session, api_id)
        policy = policies.get(session, api, policy_id)
        chain = policy_chains.chain_of(session, api)
        title = f"{draft.title_of(policy.asset_id)} on {title_of(api)}"
    return Editing(
        title,
        Draft.of(policy.asset_id, policy.configuration, policy.pointcut),
        visit.url("policy", api_id=api_id, policy_id=policy_id),
        visit.url("policies", api_id=api_id),
        version=_version(policy),
        notes=_notes(policy.asset_id, chain, policy_id),
        tabs=api_tabs(visit, api_id),
    )


def _version(policy: Policy) -> str:
    return versions.version_of(policy, without=_UNVERSIONED)


@router.post("/{policy_id}")
async def change(visit: ApisWriter, api_id: RowId, policy_id: RowId, form: InForm) -> Response:
    """Answer the form of a policy."""
    work = partial(_change, visit, api_id, policy_id, form)
    if form.text("do") == "save":
        return await visit.services.writes.run(work)
    return await run_sync(work)


def _change(visit: EnvironmentVisit, api_id: int, policy_id: int, form: Posted) -> Response:
    editing = _stored(visit, api_id, policy_id)
    response = answer(visit, editing, form)
    if form.text("do") in ("save", "review") and form.text("version") != editing.version:
        return compared(visit, editing, form) or response or show(visit, editing)
    if response is not None:
        return response
    given = editing.posted(form).draft
    try:
        with visit.writing() as transaction:
            policy = policies.get(
                transaction.session, visit.api(transaction.session, api_id), policy_id
            )
            versions.require(form.text("version"), policy, without=_UNVERSIONED)
            policies.change(
                transaction,
                policy,
                columns_of(given),
                visit.services.policy_checks,
                allow_unknown=given.schema is None,
            )
    except Stale:
        editing = _stored(visit, api_id, policy_id)
        return compared(visit, editing, form) or show(visit, editing)
    except FIXABLE as error:
        return refused(visit, editing.posted(form), error)
    return _done(visit, api_id, given.asset_id, "changed")
