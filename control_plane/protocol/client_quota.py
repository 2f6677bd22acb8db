"""What the owner of a client application may know: its limits, and how much of them is used.

An endpoint of our own, apart from the paths of the platform. It shows nothing of others.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from sqlalchemy.orm import Session

from control_plane.analytics.quota_use import LimitUse, QuotaUse, limits_in, quota_use
from control_plane.clock import from_epoch_ms, iso
from control_plane.errors import TooManyLogins, Unauthenticated
from control_plane.management import contract_queue
from control_plane.management.policy_limits import ApiLimits, PolicyLimit, limits_of
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.scope import InServices
from control_plane.protocol.shapes import analytics as shapes
from control_plane.services import Services
from control_plane.store.tables import ClientApplication, Contract

router = APIRouter(prefix="/policy-control-plane/v1/client")

_REALM = "client applications"
_basic = HTTPBasic(auto_error=False, realm=_REALM)


@refuses(Unauthenticated, TooManyLogins)
def _application(
    request: Request,
    services: InServices,
    credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
) -> ClientApplication:
    """The application whose client id and secret the request has."""
    if credentials is None:
        raise _refused("this needs Basic authentication with a client id and its secret")
    address = request.client.host if request.client else None
    try:
        return services.application_logins.application(
            credentials.username, credentials.password, address
        )
    except Unauthenticated as error:
        raise _refused(error.message) from error


def _refused(message: str) -> HTTPException:
    headers = {"WWW-Authenticate": f'Basic realm="{_REALM}"'}
    return HTTPException(HTTPStatus.UNAUTHORIZED, message, headers)


InApplication = Annotated[ClientApplication, Depends(_application)]


@dataclass(frozen=True, slots=True)
class _Entry:
    contract: Contract
    use: QuotaUse
    policies: ApiLimits
    as_of: datetime | None


@router.get("/quota")
@answers(shapes.Quota)
def quota(
    application: InApplication,
    services: InServices,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
) -> dict[str, Any]:
    """The approved contracts of the application, each with its limits and their use."""
    with services.database.read() as session:
        total, contracts = contract_queue.approved_of(session, application.id, offset, limit)
        by_environment: defaultdict[str, list[Contract]] = defaultdict(list)
        for contract in contracts:
            by_environment[contract.environment_id].append(contract)
        entries = {
            entry.contract.id: entry
            for environment_id, part in by_environment.items()
            for entry in _entries(services, session, application.client_id, environment_id, part)
        }
        apis = [_document(entries[contract.id]) for contract in contracts]
    return {"clientId": application.client_id, "name": application.name, "total": total} | {
        "apis": apis
    }


def _entries(
    services: Services,
    session: Session,
    client_id: str,
    environment_id: str,
    contracts: list[Contract],
) -> Iterable[_Entry]:
    now = services.clock.now()
    limits = {contract.api_id: limits_in(contract.tier) for contract in contracts}
    policies = limits_of(session, environment_id, limits)
    with services.events.answers(now) as answers:
        use = quota_use(answers, environment_id, client_id, limits, now)
        newest_ms = answers.newest_ms(environment_id)
    as_of = None if newest_ms is None else from_epoch_ms(newest_ms)
    for contract in contracts:
        yield _Entry(contract, use[contract.api_id], policies[contract.api_id], as_of)


def _document(entry: _Entry) -> dict[str, Any]:
    contract, api = entry.contract, entry.contract.api
    return {
        "apiId": api.id,
        "name": api.asset.asset_id,
        "version": api.asset_version,
        "environmentId": api.environment_id,
        "tier": None if contract.tier is None else contract.tier.name,
        "tierIsApplied": entry.policies.applies_tiers,
        "limits": [_limit(each) | {"asOf": iso(entry.as_of)} for each in entry.use.limits],
        "refusedLastDay": entry.use.hits_of_day,
        "refusedLastWeek": entry.use.hits_of_week,
        "commonLimits": [_common(each) for each in entry.policies.policies],
    }


def _limit(use: LimitUse) -> dict[str, Any]:
    return {
        "limit": use.limit.maximum,
        "periodSeconds": _seconds(use.limit.period_ms),
        "used": use.used,
        "left": use.left,
        "resetsAt": iso(use.resets_at),
    }


def _common(limit: PolicyLimit) -> dict[str, Any]:
    return {
        "policy": limit.policy_type,
        "limit": limit.maximum,
        "periodSeconds": _seconds(limit.period_ms),
        "countedFor": "each value of a key" if limit.is_by_key else "all clients together",
    }


def _seconds(milliseconds: int) -> int | float:
    return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000
