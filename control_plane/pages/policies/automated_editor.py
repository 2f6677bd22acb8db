"""Adding an automated policy to an environment, and changing one."""

from functools import partial
from typing import Final

from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_plane.errors import NotFound, Stale
from control_plane.management import apis, automated_policies, policy_chains, twins, versions
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_checks.checks import type_of
from control_plane.management.policy_types import POLICY_VERSION, schema_of
from control_plane.pages.apis.visits import ApisWriter
from control_plane.pages.forms import FIXABLE, InForm, Posted
from control_plane.pages.listing import InListing
from control_plane.pages.paths import RowId
from control_plane.pages.policies import automated, draft
from control_plane.pages.policies.draft import Draft, types_matching
from control_plane.pages.policies.editor import Editing, answer, show
from control_plane.pages.policies.own import columns_of
from control_plane.pages.policies.refusals import compared, refused
from control_plane.pages.templating import counted
from control_plane.pages.visit import EnvironmentVisit
from control_plane.store.tables import AutomatedPolicy

router = APIRouter(prefix="/environments/{environment_id}/automated-policies")

_UNVERSIONED: Final = ("order", "updated_at", "disabled")
"""What the form does not change."""


@router.get("/new", name="choose_automated_policy")
def choose(visit: ApisWriter, listing: InListing) -> Response:
    """The types of policies."""
    types = types_matching(listing.text)
    with visit.reading() as session:
        present = automated_policies.of_environment(session, visit.environment.id)
    return visit.page(
        "policies/choose.html",
        title=f"Add a policy to all APIs of {visit.environment.name}",
        types=types,
        paths={name: visit.url("new_automated_policy", policy_type=name) for name in types},
        present={type_of(policy.asset_id) for policy in present},
        listing=listing,
        tabs=(),
    )


@router.get("/new/{policy_type}", name="new_automated_policy")
def show_new(visit: ApisWriter, policy_type: str) -> Response:
    """The form for a new policy."""
    return show(visit, _new(visit, policy_type))


def _new(visit: EnvironmentVisit, policy_type: str) -> Editing:
    if schema_of(policy_type) is None:
        raise NotFound(f"there is no policy type {policy_type[:64]!r}")
    with visit.reading() as session:
        notes = _notes(session, visit, policy_type)
        newest = twins.newest(session, AutomatedPolicy)
    return Editing(
        f"Add {draft.title_of(policy_type)} to all APIs of {visit.environment.name}",
        Draft.new(policy_type),
        visit.url("new_automated_policy", policy_type=policy_type),
        visit.url("automated_policies"),
        newest=str(newest),
        notes=notes,
    )


def _notes(session: Session, visit: EnvironmentVisit, asset_id: str) -> list[str]:
    """What saving means for the API instances."""
    instances = apis.count(session, visit.environment.id)
    notes = [
        f"It applies to {counted(instances, 'API instance')}, and to those that are created later.",
        "Adapters enforce it within one poll, 15 seconds by default.",
    ]
    own = policy_chains.overridden_policies(session, visit.environment.id)
    if overridden := own.get(type_of(asset_id), 0):
        notes.append(
            f"It overrides {counted(overridden, 'policy', 'policies')} of the same type on API"
            " instances, wherever it applies."
        )
    return notes


@router.post("/new/{policy_type}")
async def add(visit: ApisWriter, policy_type: str, form: InForm) -> Response:
    """Answer the form for a new policy."""
    work = partial(_add, visit, policy_type, form)
    if form.text("do") == "save":
        return await visit.services.writes.run(work)
    return await run_sync(work)


def _add(visit: EnvironmentVisit, policy_type: str, form: Posted) -> Response:
    editing = _new(visit, policy_type)
    response = answer(visit, editing, form)
    if response is not None:
        return response
    environment_id = visit.environment.id
    columns = columns_of(editing.posted(form).draft) | {
        "asset_id": policy_type,
        "asset_version": POLICY_VERSION,
        "group_id": VENDOR_GROUP_ID,
        "disabled": False,
        "environment_id": environment_id,
        "rule_of_application": {
            "environmentId": environment_id,
            "organizationId": visit.caller.organization_id,
        },
    }
    try:
        with visit.writing() as transaction:
            if not twins.twin(transaction.session, AutomatedPolicy, form.text("newest"), columns):
                automated_policies.apply(transaction, columns, visit.services.policy_checks)
    except FIXABLE as error:
        return refused(visit, editing.posted(form), error)
    return _done(visit, policy_type, "applied")


def _done(visit: EnvironmentVisit, asset_id: str, what: str) -> Response:
    return visit.redirect(visit.url("automated_policies"), f"{draft.title_of(asset_id)} is {what}.")


@router.get("/{policy_id}", name="automated_policy")
def show_policy(visit: ApisWriter, policy_id: RowId) -> Response:
    """The form of a policy."""
    return show(visit, _stored(visit, policy_id))


def _stored(visit: EnvironmentVisit, policy_id: int) -> Editing:
    with visit.reading() as session:
        policy = automated.get(session, visit, policy_id)
        notes = _notes(session, visit, policy.asset_id)
    return Editing(
        f"{draft.title_of(policy.asset_id)} on all APIs of {visit.environment.name}",
        Draft.of(policy.asset_id, policy.configuration, policy.pointcut),
        visit.url("automated_policy", policy_id=policy_id),
        visit.url("automated_policies"),
        version=_version(policy),
        notes=notes,
    )


def _version(policy: AutomatedPolicy) -> str:
    return versions.version_of(policy, without=_UNVERSIONED)


@router.post("/{policy_id}")
async def change(visit: ApisWriter, policy_id: RowId, form: InForm) -> Response:
    """Answer the form of a policy."""
    work = partial(_change, visit, policy_id, form)
    if form.text("do") == "save":
        return await visit.services.writes.run(work)
    return await run_sync(work)


def _change(visit: EnvironmentVisit, policy_id: int, form: Posted) -> Response:
    editing = _stored(visit, policy_id)
    response = answer(visit, editing, form)
    if form.text("do") in ("save", "review") and form.text("version") != editing.version:
        return compared(visit, editing, form) or response or show(visit, editing)
    if response is not None:
        return response
    given = editing.posted(form).draft
    try:
        with visit.writing() as transaction:
            policy = automated.get(transaction.session, visit, policy_id)
            versions.require(form.text("version"), policy, without=_UNVERSIONED)
            checks, allow_unknown = visit.services.policy_checks, given.schema is None
            automated_policies.change(
                transaction, policy, columns_of(given), checks, allow_unknown=allow_unknown
            )
    except Stale:
        editing = _stored(visit, policy_id)
        return compared(visit, editing, form) or show(visit, editing)
    except FIXABLE as error:
        return refused(visit, editing.posted(form), error)
    return _done(visit, given.asset_id, "changed")
