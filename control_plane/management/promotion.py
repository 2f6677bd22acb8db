"""Promotion: a copy of an API instance for another environment, such as production.

The copy has the asset, the endpoint, the upstreams and the routes of its origin. Policies and tiers
come with it if they are asked for. What belongs to one environment stays behind: the consumer
endpoint, the deployment, and the contracts.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import inspect

from control_plane.management import apis, audit_log, policies, routing, tiers, upstreams
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, Base, SlaTier

_COPIED: Final = (
    *("asset_version", "instance_label", "description", "tags", "technology", "provider_id"),
    *("endpoint", "approval_method"),
)
_OWN: Final = frozenset(
    {"id", "uid", "api_id", "environment_id", "organization_id", "created_at", "updated_at"}
)


def promote(
    transaction: Transaction, origin: ApiInstance, environment_id: str, columns: Mapping[str, Any]
) -> tuple[ApiInstance, dict[str, str]]:
    """Make the copy, without policies and tiers. `columns` replace what the origin has.

    Also return the ids of its upstreams by those of the upstreams of the origin.
    """
    asset = apis.AssetName(origin.asset.group_id, origin.asset.asset_id)
    copied = {name: getattr(origin, name) for name in _COPIED} | dict(columns)
    given = copied.pop("routing", None)
    api = apis.add(transaction, environment_id, asset, copied)
    ids = {
        upstream.uid: upstreams.create(transaction, api, columns_of(upstream)).uid
        for upstream in upstreams.of_api(transaction.session, origin.id)
    }
    if given is not None:
        api.routing = routing.to_store(transaction, api, given)
    elif isinstance(origin.routing, list):
        api.routing = routing.renamed(origin.routing, ids)
    audit_log.record_creation(transaction, api, "promote")
    return api, ids


def copy_tiers(transaction: Transaction, origin: ApiInstance, api: ApiInstance) -> None:
    """Offer the tiers of the origin."""
    of_origin = tiers.of_api(origin.id).order_by(SlaTier.id)
    for tier in transaction.session.scalars(of_origin).all():
        tiers.create(transaction, api, columns_of(tier))


def copy_policies(
    transaction: Transaction,
    origin: ApiInstance,
    api: ApiInstance,
    upstream_ids: Mapping[str, str],
    checks: PolicyChecks,
) -> None:
    """Apply the policies of the origin, those that are off too, with the secrets in them.

    Raise Invalid if one of them has mistakes, as an older version may have stored it.
    """
    for policy in policies.of_api(transaction.session, origin.id):
        columns = columns_of(policy)
        columns["upstream_ids"] = [upstream_ids[uid] for uid in policy.upstream_ids or ()]
        policies.apply(transaction, api, columns, checks, allow_unknown=True, allow_duplicated=True)


def columns_of(row: Base) -> dict[str, Any]:
    """What a copy of the row has too: everything but ids, dates and where it belongs."""
    names = {attribute.key for attribute in inspect(type(row)).column_attrs} - _OWN
    return {name: getattr(row, name) for name in names}
