"""The policies of an API instance: their chain, their order, and turning them on and off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_plane.errors import Stale
from control_plane.management import policies, policy_chains
from control_plane.management.policy_chains import FIRST, Link
from control_plane.management.policy_secrets import masked_policy
from control_plane.pages.apis.overview import refusals_of_day
from control_plane.pages.apis.visits import ApisReader, ApisWriter, api_tabs, title_of
from control_plane.pages.fleet.rollout import rollout_of
from control_plane.pages.forms import InForm, InvalidForm, Posted
from control_plane.pages.paths import RowId
from control_plane.pages.policies import draft
from control_plane.pages.policies.editor import Tested, tested
from control_plane.pages.policies.ordering import compared_orders, wanted_order
from control_plane.pages.policies.reading import scope_text
from control_plane.pages.templating import counted
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import Policy

router = APIRouter(prefix="/environments/{environment_id}/apis/{api_id}/policies")


@dataclass(frozen=True, slots=True)
class Entry:
    """A policy of the chain, as the page shows it."""

    link: Link
    title: str
    scope: str
    configuration: Any
    """Without secrets."""
    refused: int
    """Requests in the last 24 hours."""
    tested: Tested | None
    """Whether it applies to the request that is asked about."""

    @property
    def is_movable(self) -> bool:
        """Whether its place can be changed here."""
        return not self.link.is_automated and self.link.policy_type != FIRST


@router.get("", name="policies")
def show(visit: ApisReader, api_id: RowId, method: str = "", path: str = "") -> Response:
    """The chain; with `method` and `path` also which policies apply to such a request."""
    refused = refusals_of_day(visit, api_id)
    with visit.reading() as session:
        api = visit.api(session, api_id)
        links = policy_chains.chain_of(session, api)
        entries = [_entry(visit, link, refused or {}, (method, path)) for link in links]
        return visit.page(
            "policies/chain.html",
            api=api,
            title=title_of(api),
            tabs=api_tabs(visit, api_id),
            rollout=rollout_of(visit, session, api),
            entries=entries,
            counts=refused is not None,
            version=policy_chains.order_version(policies.of_api(session, api_id)),
            can_test=visit.services.policy_checks.match is not None,
            method=method,
            tested_path=path,
        )


def _entry(
    visit: EnvironmentVisit,
    link: Link,
    refused: Mapping[tuple[str, str], int],
    request: tuple[str, str],
) -> Entry:
    policy = link.policy
    return Entry(
        link,
        draft.title_of(policy.asset_id),
        scope_text(policy.pointcut),
        masked_policy(policy.asset_id, policy.configuration),
        _count(link, refused),
        _tested(visit, link, *request) if any(request) else None,
    )


def _count(link: Link, refused: Mapping[tuple[str, str], int]) -> int:
    """Requests that the policy refused. Automated policies have numbers of their own."""
    wanted = str(link.policy.id)
    return sum(
        number
        for (policy_id, name), number in refused.items()
        if policy_id == wanted and name in ("", link.policy_type, link.policy.asset_id)
    )


def _tested(visit: EnvironmentVisit, link: Link, method: str, path: str) -> Tested:
    if not link.is_asked:
        return Tested("is not asked", "off")
    try:
        found = tested(visit, link.policy.pointcut, method, path)
        overriding = link.overriding if found.kind == "good" else ()
        if any(tested(visit, other.pointcut, method, path).kind == "good" for other in overriding):
            return Tested("overridden", "wait", "The automated policy is asked in its place.")
    except InvalidForm:
        return Tested("unknown", "bad", "Its scope can't be read.")
    return found


@router.post("/order", name="reorder_policies")
@in_turn
def reorder(visit: ApisWriter, api_id: RowId, form: InForm) -> Response:
    """Give the policies another order: all of it, or one step of one policy."""
    wanted = wanted_order(form)
    try:
        with visit.writing() as transaction:
            api = visit.api(transaction.session, api_id)
            policy_chains.reorder(transaction, api, wanted, form.text("version"))
    except Stale:
        return _compare(visit, api_id, form, wanted)
    return visit.redirect(visit.url("policies", api_id=api_id), "The order is changed.")


def _compare(visit: EnvironmentVisit, api_id: int, form: Posted, wanted: Sequence[int]) -> Response:
    with visit.reading() as session:
        own = policies.of_api(session, visit.api(session, api_id).id)
    cancel = visit.url("policies", api_id=api_id)
    return compared_orders(visit, form, own, wanted, cancel=cancel)


def _policy(session: Session, visit: EnvironmentVisit, api_id: int, policy_id: int) -> Policy:
    return policies.get(session, visit.api(session, api_id), policy_id)


@router.post("/{policy_id}/enable", name="enable_policy")
@in_turn
def enable(visit: ApisWriter, api_id: RowId, policy_id: RowId, form: InForm) -> Response:
    """Turn a policy on."""
    return _switched(visit, api_id, policy_id, form, disabled=False)


@router.post("/{policy_id}/disable")
@in_turn
def disable(visit: ApisWriter, api_id: RowId, policy_id: RowId, form: InForm) -> Response:
    """Turn a policy off."""
    return _switched(visit, api_id, policy_id, form, disabled=True)


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


@router.get("/{policy_id}/disable", name="disable_policy")
def ask_to_disable(visit: ApisWriter, api_id: RowId, policy_id: RowId) -> Response:
    """Ask before a policy is turned off."""
    title, consequences, version = _consequences(visit, api_id, policy_id)
    return visit.confirm(
        f"Turn {title} off?",
        [*consequences, "It stays in the list and can be turned on again."],
        button="Turn off",
        cancel=visit.url("policies", api_id=api_id),
        fields={"version": version},
    )


@router.get("/{policy_id}/remove", name="remove_policy")
def ask_to_remove(visit: ApisWriter, api_id: RowId, policy_id: RowId) -> Response:
    """Ask before a policy is removed."""
    title, consequences, version = _consequences(visit, api_id, policy_id)
    return visit.confirm(
        f"Remove {title}?",
        [*consequences, "Its configuration is lost. To keep it, turn the policy off instead."],
        button="Remove",
        cancel=visit.url("policies", api_id=api_id),
        fields={"version": version},
    )


def _consequences(
    visit: EnvironmentVisit, api_id: int, policy_id: int
) -> tuple[str, list[str], str]:
    """The policy's title, what happens without it, and its version."""
    refused = refusals_of_day(visit, api_id)
    with visit.reading() as session:
        api = visit.api(session, api_id)
        policy = policies.get(session, api, policy_id)
        links = policy_chains.chain_of(session, api)
    found = ["Within one poll, 15 seconds by default, requests are decided without it."]
    link = next(link for link in links if not link.is_automated and link.policy.id == policy_id)
    if refused is not None:
        number = counted(_count(link, refused), "request")
        found.append(f"It refused {number} in the last 24 hours.")
    if policy.disabled:
        found = ["It is off already, so decisions stay the same."]
    elif not any(other.is_asked for other in links if other is not link):
        found.append("No other policy is on: all requests to this API will be allowed.")
    return draft.title_of(policy.asset_id), found, link.version


@router.post("/{policy_id}/remove")
@in_turn
def remove(visit: ApisWriter, api_id: RowId, policy_id: RowId, form: InForm) -> Response:
    """Remove a policy."""
    with visit.writing() as transaction:
        policy = _policy(transaction.session, visit, api_id, policy_id)
        policy_chains.require_version(form.text("version"), policy)
        title = draft.title_of(policy.asset_id)
        policies.delete(transaction, policy)
    return visit.redirect(visit.url("policies", api_id=api_id), f"{title} is removed.")
