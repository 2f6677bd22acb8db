"""The page of one request: what was asked, who answered, and what each policy said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from control_plane.analytics.decision import Decision, read_decision
from control_plane.clock import from_epoch_ms
from control_plane.errors import NotFound
from control_plane.fleet import adapters
from control_plane.management import contracts, policy_chains
from control_plane.pages.analytics.filters import InFilters
from control_plane.pages.analytics.requests import RequestsReader, names_in
from control_plane.pages.visit import EnvironmentVisit
from control_plane.store.tables import ApiInstance

router = APIRouter(prefix="/environments/{environment_id}/requests")

EventId = Annotated[str, Query(alias="event", max_length=100, pattern=r"^[^\x00]*$")]
"""No part of the path: gateways choose it, and `..` would lead elsewhere."""

_MOST_ADAPTERS: Final = 5


@dataclass(frozen=True, slots=True)
class Related:
    """What the console has of the things that an event names. They may have changed since."""

    adapters: Sequence[tuple[int, str]]
    """The adapters on the machine that reported the event: id and instance id."""
    policies: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The pages of the policies, by type and id."""
    contract_id: int | None = None
    application_id: int | None = None


@router.get("/event", name="request")
def show(visit: RequestsReader, filters: InFilters, event_id: EventId = "") -> Response:
    """One request: all that its event has. Without an id, go to the list."""
    if not event_id:
        return visit.redirect(visit.url("requests"))
    organization_id = visit.caller.organization_id
    row = visit.services.events.request(organization_id, visit.environment.id, event_id)
    if row is None:
        raise NotFound(f"there is no request {event_id} in {visit.environment.name}")
    received = from_epoch_ms(row["received_ms"])
    taken = row["response_time_ms"]
    return visit.page(
        "analytics/request.html",
        filters=filters,
        row=row,
        decision=_decision(row),
        related=_related(visit, row),
        received=received,
        replied=None if taken is None else received + timedelta(milliseconds=taken),
        names=names_in(visit, [row]),
    )


def _decision(row: RowMapping) -> Decision | None:
    stored = row["decision"]
    return None if stored is None else read_decision(row["decision_id"], stored)


def _related(visit: EnvironmentVisit, row: RowMapping) -> Related:
    environment_id = visit.environment.id
    with visit.reading() as session:
        reporting = adapters.on_host(session, environment_id, row["host_id"] or "")
        api = session.get(ApiInstance, row["api_id"])
        found = Related([(one.id, one.instance_id) for one in reporting[:_MOST_ADAPTERS]])
        if api is None or api.environment_id != environment_id:
            return found
        contract = session.scalar(contracts.of_api(api.id, client_id=row["client_id"] or ""))
        return replace(
            found,
            policies=_policy_pages(visit, session, api),
            contract_id=None if contract is None else contract.id,
            application_id=None if contract is None else contract.application_id,
        )


def _policy_pages(
    visit: EnvironmentVisit, session: Session, api: ApiInstance
) -> dict[tuple[str, str], str]:
    pages = {}
    for link in policy_chains.chain_of(session, api):
        policy_id = link.policy.id
        if link.is_automated:
            page = visit.url("automated_policy", policy_id=policy_id)
        else:
            page = visit.url("policy", api_id=api.id, policy_id=policy_id)
        pages[link.policy_type, str(policy_id)] = page
    return pages
