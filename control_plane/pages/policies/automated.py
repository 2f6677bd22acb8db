"""Automated policies: what an environment applies to all of its API instances, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_plane.errors import NotFound, Stale
from control_plane.management import apis, automated_policies, policy_chains
from control_plane.management.policy_chains import Link
from control_plane.management.policy_secrets import masked_policy
from control_plane.pages.apis.overview import refusals_of_day
from control_plane.pages.apis.visits import ApisReader, ApisWriter
from control_plane.pages.forms import InForm
from control_plane.pages.policies import draft
from control_plane.pages.policies.ordering import compared_orders, wanted_order
from control_plane.pages.policies.reading import scope_text
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import AutomatedPolicy

router = APIRouter(prefix="/environments/{environment_id}/automated-policies")

_GATEWAYS: Mapping[str, str] = {"mule4": "Mule runtimes", "flexGateway": "Flex gateways"}


@dataclass(frozen=True, slots=True)
class Entry:
    """An automated policy, as the page shows it."""

    link: Link
    title: str
    scope: str
    gateways: str
    """Which gateways it is for: its rule of application."""
    configuration: Any
    """Without secrets."""
    overrides: int
    """Policies of API instances that it is asked in place of."""
    refused: int
    """Requests in the last 24 hours."""

    @property
    def is_movable(self) -> bool:
        """Whether its place can be changed: CORS is asked first in any case."""
        return self.link.policy_type != policy_chains.FIRST


@router.get("", name="automated_policies")
def show(visit: ApisReader) -> Response:
    """The automated policies in the order in which they are asked."""
    refused = refusals_of_day(visit)
    with visit.reading() as session:
        links = _links(session, visit)
        own = policy_chains.overridden_policies(session, visit.environment.id)
        return visit.page(
            "policies/automated.html",
            entries=[_entry(link, own, refused or {}) for link in links],
            counts=refused is not None,
            instances=apis.count(session, visit.environment.id),
            version=policy_chains.order_version(link.policy for link in links),
        )


def _links(session: Session, visit: EnvironmentVisit) -> list[Link]:
    found = automated_policies.of_environment(session, visit.environment.id)
    return policy_chains.in_order([], found)


def _entry(link: Link, own: Mapping[str, int], refused: Mapping[tuple[str, str], int]) -> Entry:
    policy = link.policy
    assert isinstance(policy, AutomatedPolicy)  # noqa: S101 - the chain was made of no others
    return Entry(
        link,
        draft.title_of(policy.asset_id),
        scope_text(policy.pointcut),
        _gateways(policy),
        masked_policy(policy.asset_id, policy.configuration),
        own.get(link.policy_type, 0),
        refused_by(link, refused),
    )


def _gateways(policy: AutomatedPolicy) -> str:
    """The gateways that its rule of application names."""
    rule = policy.rule_of_application
    named = rule.get("technologies") or []
    found = ", ".join(_GATEWAYS.get(each, str(each)) for each in named) or "all gateways"
    versions = rule.get("range") or {}
    if not versions:
        return found
    until = f" to {versions['to']}" if versions.get("to") else " on"
    return f"{found}, version {versions.get('from', '')}{until}"


def refused_by(link: Link, refused: Mapping[tuple[str, str], int]) -> int:
    """Requests that the policy refused. Policies of API instances have numbers of their own."""
    names = ("", link.policy_type, link.policy.asset_id)
    return sum(refused.get((str(link.policy.id), name), 0) for name in dict.fromkeys(names))


def get(session: Session, visit: EnvironmentVisit, policy_id: int) -> AutomatedPolicy:
    """The policy; raise NotFound if this environment has none with this id."""
    organization_id = visit.caller.organization_id
    policy = automated_policies.get(session, organization_id, policy_id)
    if policy.environment_id != visit.environment.id:
        raise NotFound(f"automated policy {policy_id} not found")
    return policy


@router.post("/order", name="reorder_automated_policies")
@in_turn
def reorder(visit: ApisWriter, form: InForm) -> Response:
    """Give the policies another order: all of it, or one step of one policy."""
    wanted, cancel = wanted_order(form), visit.url("automated_policies")
    try:
        with visit.writing() as transaction:
            policy_chains.reorder_automated(
                transaction, visit.environment.id, wanted, form.text("version")
            )
    except Stale:
        with visit.reading() as session:
            present = [link.policy for link in _links(session, visit)]
        return compared_orders(visit, form, present, wanted, cancel=cancel)
    return visit.redirect(cancel, "The order is changed.")
