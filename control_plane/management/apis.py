"""API instances, and the assets that they are instances of."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import audit_log, routing
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, Asset, Contract, Policy, SlaTier

MAX_ENDPOINT_CHARS: Final = 65_536
"""Of the JSON of an endpoint."""


class AssetName(NamedTuple):
    """What names an asset in an environment."""

    group_id: str
    asset_id: str


def get(session: Session, environment_id: str, api_id: int) -> ApiInstance:
    """The API instance; raise NotFound if the environment has none with this id."""
    return get_among(session, (environment_id,), api_id)


def get_among(session: Session, environment_ids: Collection[str], api_id: int) -> ApiInstance:
    """The API instance; raise NotFound if none of the environments has one with this id."""
    api = session.get(ApiInstance, api_id)
    if api is None or api.environment_id not in environment_ids:
        raise NotFound(f"API instance {api_id} not found")
    return api


def of_environment(environment_id: str, deprecated: bool | None = None) -> Select[ApiInstance]:
    """The environment's API instances; only deprecated ones, or only others, if that is said."""
    found = select(ApiInstance).join(ApiInstance.asset)
    found = found.where(ApiInstance.environment_id == environment_id)
    return found if deprecated is None else found.where(ApiInstance.deprecated == deprecated)


def names(session: Session, environment_id: str) -> dict[int, str]:
    """The name of each API instance of the environment: that of its asset."""
    query = select(ApiInstance.id, Asset.asset_id).join(ApiInstance.asset)
    rows = session.execute(query.where(ApiInstance.environment_id == environment_id))
    return {row.id: row.asset_id for row in rows}


def count(session: Session, environment_id: str) -> int:
    """How many API instances the environment has."""
    query = select(func.count()).where(ApiInstance.environment_id == environment_id)
    return session.scalar(query) or 0


def newest_group(session: Session, environment_id: str) -> str | None:
    """The group of the asset that was created last."""
    query = select(Asset.group_id).where(Asset.environment_id == environment_id)
    return session.scalar(query.order_by(Asset.id.desc()).limit(1))


def active_contracts(session: Session, among: Collection[int] | None = None) -> dict[int, int]:
    """How many approved contracts each API instance has, or each of those with these ids."""
    query = (
        select(Contract.api_id, func.count())
        .where(Contract.status == "APPROVED")
        .group_by(Contract.api_id)
    )
    if among is not None:
        query = query.where(Contract.api_id.in_(among))
    return {row[0]: row[1] for row in session.execute(query)}


class Content(NamedTuple):
    """What is deleted with an API instance."""

    policies: int
    tiers: int
    contracts: int
    approved: int
    """How many of the contracts are approved."""


def content(session: Session, api_id: int) -> Content:
    """How much is deleted with the API instance."""

    def number(table: type[Policy | SlaTier | Contract], *conditions: ColumnElement[bool]) -> int:
        query = select(func.count()).where(table.api_id == api_id, *conditions)
        return session.scalar(query) or 0

    approved = number(Contract, Contract.status == "APPROVED")
    return Content(number(Policy), number(SlaTier), number(Contract), approved)


def create(
    transaction: Transaction, environment_id: str, asset: AssetName, columns: Mapping[str, Any]
) -> ApiInstance:
    """Create an API instance, and its asset if it is the first of it."""
    plain = {name: value for name, value in columns.items() if name != "routing"}
    api = add(transaction, environment_id, asset, plain)
    if columns.get("routing") is not None:
        api.routing = routing.to_store(transaction, api, columns["routing"])
    audit_log.record_creation(transaction, api)
    return api


def add(
    transaction: Transaction, environment_id: str, asset: AssetName, columns: Mapping[str, Any]
) -> ApiInstance:
    """Add the row of an API instance, without an audit entry."""
    _require_free_label(transaction.session, environment_id, columns.get("instance_label"))
    api = ApiInstance(
        organization_id=transaction.organization_id,
        environment_id=environment_id,
        asset=_asset(transaction, environment_id, asset),
        created_at=transaction.now,
        policies_changed_at=transaction.now,
        **columns,
    )
    transaction.session.add(api)
    transaction.session.flush()
    return api


def _asset(transaction: Transaction, environment_id: str, name: AssetName) -> Asset:
    query = select(Asset).where(
        Asset.environment_id == environment_id,
        Asset.group_id == name.group_id,
        Asset.asset_id == name.asset_id,
    )
    found = transaction.session.scalars(query).one_or_none()
    return found or Asset(
        environment_id=environment_id, created_at=transaction.now, **name._asdict()
    )


def _require_free_label(
    session: Session, environment_id: str, label: str | None, api_id: int = 0
) -> None:
    query = select(ApiInstance.id).where(
        ApiInstance.environment_id == environment_id,
        ApiInstance.instance_label == label,
        ApiInstance.id != api_id,
    )
    if label is not None and session.scalars(query).first() is not None:
        raise Conflict(f"instanceLabel: {label!r} names another API instance; choose a new label")


def change(transaction: Transaction, api: ApiInstance, columns: Mapping[str, Any]) -> ApiInstance:
    """Change the named columns. Routes are given as in `routing`."""
    label = columns.get("instance_label")
    _require_free_label(transaction.session, api.environment_id, label, api.id)
    with audit_log.recorded_change(transaction, api):
        for name, value in columns.items():
            is_routes = name == "routing" and value is not None
            setattr(api, name, routing.to_store(transaction, api, value) if is_routes else value)
        api.updated_at = transaction.now
    return api


def merged_endpoint(
    stored: dict[str, Any] | None, part: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The endpoint after a change that names some of its members; None removes all of it.

    Raise Invalid if it gets too large.
    """
    if part is None:
        return None
    merged = {**(stored if isinstance(stored, dict) else {}), **part}
    if len(json.dumps(merged)) > MAX_ENDPOINT_CHARS:
        raise Invalid(f"endpoint: more than {MAX_ENDPOINT_CHARS} characters of JSON")
    return merged


def delete(transaction: Transaction, api: ApiInstance) -> None:
    """Delete an API instance with its policies, tiers and contracts, and its asset if unused."""
    session = transaction.session
    audit_log.record_deletion(transaction, api)
    session.delete(api)
    session.flush()
    others = select(ApiInstance).where(ApiInstance.asset == api.asset)
    if session.scalars(others).first() is None:
        session.delete(api.asset)
