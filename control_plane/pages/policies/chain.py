"""The policies of an API instance: their chain, their order, and turning them on and off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

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
from control_plane.pages.visit import EnvironmentVisit, in_turn

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
        refused_by(link, refused),
        _tested(visit, link, *request) if any(request) else None,
    )


def refused_by(link: Link, refused: Mapping[tuple[str, str], int]) -> int:
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
