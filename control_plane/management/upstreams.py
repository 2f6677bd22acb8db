"""Upstreams of an API instance: the services that it sends requests to.

Routes and outbound policies name upstreams by their ids. Gateways of ours do not read them: Envoy's
own configuration says where requests go.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import audit_log
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, Policy, Upstream

MAX_UPSTREAMS: Final = 100
"""How many an API instance may have."""


def of_api(session: Session, api_id: int) -> list[Upstream]:
    """The upstreams of an API instance, the oldest first."""
    query = select(Upstream).where(Upstream.api_id == api_id).order_by(Upstream.id)
    return list(session.scalars(query))


def get(session: Session, api: ApiInstance, uid: str) -> Upstream:
    """The upstream; raise NotFound if the API instance has none with this id."""
    query = select(Upstream).where(Upstream.api_id == api.id, Upstream.uid == uid.lower())
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound(f"upstream {uid} not found")
    return found


def create(transaction: Transaction, api: ApiInstance, columns: Mapping[str, Any]) -> Upstream:
    """Add an upstream."""
    if len(of_api(transaction.session, api.id)) >= MAX_UPSTREAMS:
        raise Invalid(f"API instance {api.id} has {MAX_UPSTREAMS} upstreams already; delete some")
    upstream = Upstream(uid=str(uuid.uuid4()), api_id=api.id, created_at=transaction.now, **columns)
    transaction.session.add(upstream)
    audit_log.record_creation(transaction, upstream)
    transaction.session.expire(api, ["upstreams"])
    return upstream


def change(transaction: Transaction, upstream: Upstream, columns: Mapping[str, Any]) -> Upstream:
    """Change the named columns."""
    if all(getattr(upstream, name) == value for name, value in columns.items()):
        return upstream
    with audit_log.recorded_change(transaction, upstream):
        for name, value in columns.items():
            setattr(upstream, name, value)
        upstream.updated_at = transaction.now
    return upstream


def delete(transaction: Transaction, api: ApiInstance, upstream: Upstream) -> None:
    """Delete an upstream; raise Conflict if a route or a policy names it."""
    if upstream.uid in ids_in(api.routing):
        raise Conflict(f"upstream {upstream.uid}: routing names it; change routing first")
    policies = select(Policy).where(Policy.api_id == api.id, Policy.upstream_ids.is_not(None))
    for policy in transaction.session.scalars(policies):
        if upstream.uid in (policy.upstream_ids or ()):
            raise Conflict(f"upstream {upstream.uid}: policy {policy.id} names it in upstreamIds")
    audit_log.record_deletion(transaction, upstream)
    transaction.session.delete(upstream)
    transaction.session.expire(api, ["upstreams"])


def ids_in(routes: Any) -> set[str]:
    """The ids of the upstreams that stored routes name."""
    named = routes if isinstance(routes, list) else ()
    return {upstream["id"] for route in named for upstream in route["upstreams"]}


def require_known(session: Session, api_id: int, uids: Iterable[str]) -> None:
    """Raise Invalid unless the API instance has upstreams with all these ids."""
    unknown = set(uids) - {upstream.uid for upstream in of_api(session, api_id)}
    if unknown:
        raise Invalid(f"upstreamIds: the API instance has no upstream {', '.join(sorted(unknown))}")
