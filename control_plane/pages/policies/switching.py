"""Turning a policy of an API instance on or off, and removing it."""

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_plane.errors import Refused
from control_plane.management import policies, policy_chains
from control_plane.management.audit_log import AuditFilter
from control_plane.pages.again import ASKED_AGAIN, Again, again
from control_plane.pages.apis.overview import refusals_of_day
from control_plane.pages.apis.visits import ApisWriter
from control_plane.pages.forms import InForm, Posted
from control_plane.pages.paths import RowId
from control_plane.pages.policies import draft, questions
from control_plane.pages.policies.chain import refused_by
from control_plane.pages.policies.questions import Asked
from control_plane.pages.templating import counted
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import Policy

router = APIRouter(prefix="/environments/{environment_id}/apis/{api_id}/policies/{policy_id}")


def _policy(session: Session, visit: EnvironmentVisit, api_id: int, policy_id: int) -> Policy:
    return policies.get(session, visit.api(session, api_id), policy_id)


@router.post("/enable", name="enable_policy")
@in_turn
def enable(visit: ApisWriter, api_id: RowId, policy_id: RowId, form: InForm) -> Response:
    """Turn a policy on."""
    try:
        return _switched(visit, api_id, policy_id, form, disabled=False)
    except ASKED_AGAIN as error:
        asked = _asked(visit, api_id, policy_id)
        return questions.ask_to_enable(visit, asked, _again(visit, form, error, policy_id))


@router.post("/disable")
@in_turn
def disable(visit: ApisWriter, api_id: RowId, policy_id: RowId, form: InForm) -> Response:
    """Turn a policy off."""
    try:
        return _switched(visit, api_id, policy_id, form, disabled=True)
    except ASKED_AGAIN as error:
        asked = _asked(visit, api_id, policy_id)
        return questions.ask_to_disable(visit, asked, _again(visit, form, error, policy_id))


def _again(visit: EnvironmentVisit, form: Posted, error: Refused, policy_id: int) -> Again:
    return again(visit, form, error, AuditFilter(kind="policy", object_id=policy_id))


def _switched(
    visit: EnvironmentVisit, api_id: int, policy_id: int, form: Posted, *, disabled: bool
) -> Response:
    checks = visit.services.policy_checks
    with visit.writing() as transaction:
        policy = _policy(transaction.session, visit, api_id, policy_id)
        policy_chains.require_version(form.text("version"), policy)
        policies.change(transaction, policy, {"disabled": disabled}, checks, allow_unknown=True)
        title = draft.title_of(policy.asset_id)
    path = visit.url("policies", api_id=api_id)
    return visit.redirect(path, f"{title} is {'off' if disabled else 'on'}.")


@router.get("/disable", name="disable_policy")
def before_disabling(visit: ApisWriter, api_id: RowId, policy_id: RowId) -> Response:
    """Ask before a policy is turned off."""
    return questions.ask_to_disable(visit, _asked(visit, api_id, policy_id), Again())


@router.get("/remove", name="remove_policy")
def before_removing(visit: ApisWriter, api_id: RowId, policy_id: RowId) -> Response:
    """Ask before a policy is removed."""
    return questions.ask_to_remove(visit, _asked(visit, api_id, policy_id), Again())


def _asked(visit: EnvironmentVisit, api_id: int, policy_id: int) -> Asked:
    """The policy, and what happens without it."""
    refused = refusals_of_day(visit, api_id)
    with visit.reading() as session:
        api = visit.api(session, api_id)
        policy = policies.get(session, api, policy_id)
        links = policy_chains.chain_of(session, api)
    found = ["Within one poll, 15 seconds by default, requests are decided without it."]
    link = next(link for link in links if not link.is_automated and link.policy.id == policy_id)
    if refused is not None:
        number = counted(refused_by(link, refused), "request")
        found.append(f"It refused {number} in the last 24 hours.")
    if policy.disabled:
        found = ["It is off already, so decisions stay the same."]
    elif not any(other.is_asked for other in links if other is not link):
        found.append("No other policy is on: all requests to this API will be allowed.")
    path = visit.url("policy", api_id=api_id, policy_id=policy_id)
    cancel = visit.url("policies", api_id=api_id)
    return Asked(draft.title_of(policy.asset_id), found, link.version, path, cancel)


@router.post("/remove")
@in_turn
def remove(visit: ApisWriter, api_id: RowId, policy_id: RowId, form: InForm) -> Response:
    """Remove a policy."""
    try:
        with visit.writing() as transaction:
            policy = _policy(transaction.session, visit, api_id, policy_id)
            policy_chains.require_version(form.text("version"), policy)
            title = draft.title_of(policy.asset_id)
            policies.delete(transaction, policy)
    except ASKED_AGAIN as error:
        asked = _asked(visit, api_id, policy_id)
        return questions.ask_to_remove(visit, asked, _again(visit, form, error, policy_id))
    return visit.redirect(visit.url("policies", api_id=api_id), f"{title} is removed.")
