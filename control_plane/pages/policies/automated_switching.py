"""Turning an automated policy on or off, and removing it."""

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.errors import Refused
from control_plane.management import apis, automated_policies, policy_chains
from control_plane.management.audit_log import AuditFilter
from control_plane.management.policy_chains import Link
from control_plane.management.policy_checks.checks import type_of
from control_plane.pages.again import ASKED_AGAIN, Again, again
from control_plane.pages.apis.overview import refusals_of_day
from control_plane.pages.apis.visits import ApisWriter
from control_plane.pages.forms import InForm, Posted
from control_plane.pages.paths import RowId
from control_plane.pages.policies import draft, questions
from control_plane.pages.policies.automated import get, refused_by
from control_plane.pages.policies.questions import Asked
from control_plane.pages.templating import counted
from control_plane.pages.visit import EnvironmentVisit, in_turn

router = APIRouter(prefix="/environments/{environment_id}/automated-policies/{policy_id}")


@router.post("/enable", name="enable_automated_policy")
@in_turn
def enable(visit: ApisWriter, policy_id: RowId, form: InForm) -> Response:
    """Turn a policy on."""
    try:
        return _switched(visit, policy_id, form, disabled=False)
    except ASKED_AGAIN as error:
        asked = _asked(visit, policy_id)
        return questions.ask_to_enable(visit, asked, _again(visit, form, error, policy_id))


@router.post("/disable")
@in_turn
def disable(visit: ApisWriter, policy_id: RowId, form: InForm) -> Response:
    """Turn a policy off."""
    try:
        return _switched(visit, policy_id, form, disabled=True)
    except ASKED_AGAIN as error:
        asked = _asked(visit, policy_id)
        return questions.ask_to_disable(visit, asked, _again(visit, form, error, policy_id))


def _again(visit: EnvironmentVisit, form: Posted, error: Refused, policy_id: int) -> Again:
    about = AuditFilter(kind="automated_policy", object_id=policy_id)
    return again(visit, form, error, about)


def _switched(visit: EnvironmentVisit, policy_id: int, form: Posted, *, disabled: bool) -> Response:
    checks = visit.services.policy_checks
    with visit.writing() as transaction:
        policy = get(transaction.session, visit, policy_id)
        policy_chains.require_version(form.text("version"), policy)
        columns = {"disabled": disabled}
        automated_policies.change(transaction, policy, columns, checks, allow_unknown=True)
        title = draft.title_of(policy.asset_id)
    path = visit.url("automated_policies")
    return visit.redirect(path, f"{title} is {'off' if disabled else 'on'}.")


@router.get("/disable", name="disable_automated_policy")
def before_disabling(visit: ApisWriter, policy_id: RowId) -> Response:
    """Ask before a policy is turned off."""
    return questions.ask_to_disable(visit, _asked(visit, policy_id), Again())


@router.get("/remove", name="remove_automated_policy")
def before_removing(visit: ApisWriter, policy_id: RowId) -> Response:
    """Ask before a policy is removed."""
    return questions.ask_to_remove(visit, _asked(visit, policy_id), Again())


def _asked(visit: EnvironmentVisit, policy_id: int) -> Asked:
    """The policy, and what happens without it."""
    with visit.reading() as session:
        link = Link(get(session, visit, policy_id))
        instances = apis.count(session, visit.environment.id)
        own = policy_chains.overridden_policies(session, visit.environment.id)
    title, path = (
        draft.title_of(link.policy.asset_id),
        visit.url("automated_policy", policy_id=policy_id),
    )
    overridden = own.get(type_of(link.policy.asset_id), 0)
    texts = _consequences(visit, link, instances, overridden)
    return Asked(title, texts, link.version, path, visit.url("automated_policies"))


def _consequences(
    visit: EnvironmentVisit, link: Link, instances: int, overridden: int
) -> list[str]:
    if link.policy.disabled:
        return ["It is off already, so decisions stay the same."]
    found = [f"Requests to {counted(instances, 'API instance')} are decided without it."]
    refused = refusals_of_day(visit)
    if refused is not None:
        number = counted(refused_by(link, refused), "request")
        found.append(f"It refused {number} in the last 24 hours.")
    if overridden:
        found.append(
            f"{counted(overridden, 'policy', 'policies')} of the same type on API instances will be"
            " asked in its place."
        )
    return found


@router.post("/remove")
@in_turn
def remove(visit: ApisWriter, policy_id: RowId, form: InForm) -> Response:
    """Remove a policy."""
    try:
        with visit.writing() as transaction:
            policy = get(transaction.session, visit, policy_id)
            policy_chains.require_version(form.text("version"), policy)
            title = draft.title_of(policy.asset_id)
            automated_policies.delete(transaction, policy)
    except ASKED_AGAIN as error:
        asked = _asked(visit, policy_id)
        return questions.ask_to_remove(visit, asked, _again(visit, form, error, policy_id))
    return visit.redirect(visit.url("automated_policies"), f"{title} is removed.")
