"""The inventory that `anypoint-sdk` collects: a JSON list with a record for each API instance.

A record has its policies, tiers and clients inside, and the secrets of clients. It has only the
first limit of an SLA tier. Records of several environments may be in one file.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from control_plane.errors import Invalid
from control_plane.imports.reading import Row, Rows, present, read_rows
from control_plane.imports.source import Part, Source, SourceApi
from control_plane.imports.vendor_policies import vendor_policy

_MS = 1000


class _PolicyFacts(Row):
    group_id: str | None = None
    asset_id: str | None = None
    disabled: bool = False
    order: int | None = None
    scope: Literal["api", "environment"] = "api"
    pointcut_data: list[dict[str, Any]] | None = None


class _Policy(Row):
    policy_config: dict[str, Any] | None = None
    metadata: _PolicyFacts


class _Tier(Row):
    name: str
    description: str | None = None
    max_requests: int | None = None
    time_period_seconds: float | None = None
    status: str | None = None
    auto_approve: bool | None = None
    scope: str = "api"


class _Client(Row):
    app_name: str
    client_id: str | None = None
    client_secret: str | None = None
    contract_status: str
    sla_tier_name: str = ""
    contract_type: str = "api"


class _ApiFacts(Row):
    group_id: str
    asset_id: str
    asset_version: str
    technology: str | None = None
    deprecated: bool | None = None
    endpoint_uri: str | None = None
    proxy_uri: str | None = None
    environment_name: str | None = None
    client_applications: tuple[Any, ...] = ()
    sla_tiers: tuple[Any, ...] = ()


class _Metadata(Row):
    anypoint_data: _ApiFacts


class _Record(Row):
    metadata: _Metadata
    policy_configurations: tuple[Any, ...]
    tags: tuple[str, ...] = ()

    @property
    def api(self) -> _ApiFacts:
        """The facts about the API instance."""
        return self.metadata.anypoint_data


def source_of(inventory: Any, environment: str | None) -> Source:
    """The environment of this name in the inventory; None stands for its only one.

    Raise Invalid if there is no such environment, or several and no name.
    """
    records = read_rows(_Record, inventory, "record")
    chosen = _of_environment(records.read, environment)
    clients = [row for record in chosen for row in record.api.client_applications]
    policies = [row for record in chosen for row in record.policy_configurations]
    return Source(
        tuple(map(_api, chosen)),
        _applications(read_rows(_Client, clients, "client").read),
        tuple(map(_policy, _policies_of(_unique(policies), "environment").read)),
        others=records.refused,
    )


def _of_environment(records: Sequence[_Record], wanted: str | None) -> list[_Record]:
    names = sorted({record.api.environment_name or "" for record in records})
    if wanted is None and len(names) > 1:
        raise Invalid(f"the inventory has several environments: choose one of {', '.join(names)}")
    if wanted is not None and wanted not in names:
        raise Invalid(f"the inventory has no environment {wanted!r}, but {', '.join(names)}")
    return [record for record in records if wanted in (None, record.api.environment_name)]


def _unique(rows: Iterable[Any]) -> list[Any]:
    """The rows without repetitions: each record has the policies of the environment."""
    return [*{json.dumps(row, sort_keys=True): row for row in rows}.values()]


def _policies_of(rows: Iterable[Any], scope: str) -> Rows[_Policy]:
    """The policies of this scope in their order, and all that can't be read."""
    policies = read_rows(_Policy, [*rows], "policy")
    chosen = [policy for policy in policies.read if policy.metadata.scope == scope]
    return Rows(
        tuple(sorted(chosen, key=lambda policy: policy.metadata.order or 0)), policies.refused
    )


def _policy(policy: _Policy) -> Part:
    facts = policy.metadata
    if facts.asset_id is None:
        return Part("policy", refusal="its type is not named (a policy of Mule 3)")
    return vendor_policy(
        facts.asset_id,
        policy.policy_config,
        group_id=facts.group_id,
        pointcut=facts.pointcut_data,
        disabled=facts.disabled,
    )


def _api(record: _Record) -> SourceApi:
    api = record.api
    tiers = read_rows(_Tier, api.sla_tiers, "SLA tier")
    clients = read_rows(_Client, api.client_applications, "contract")
    policies = _policies_of(record.policy_configurations, "api")
    members = present(
        group_id=api.group_id,
        asset_id=api.asset_id,
        asset_version=api.asset_version,
        technology=api.technology,
        deprecated=api.deprecated or None,
        endpoint=present(uri=api.endpoint_uri, proxy_uri=api.proxy_uri),
        tags=list(record.tags),
    )
    return SourceApi(
        f"{api.asset_id} {api.asset_version}",
        members,
        ("the inventory has no label and no description",),
        policies=(*map(_policy, policies.read), *policies.refused),
        tiers=(*map(_tier, tiers.read), *tiers.refused),
        contracts=(*map(_contract, clients.read), *clients.refused),
    )


def _tier(tier: _Tier) -> Part:
    if tier.scope != "api":
        return Part(tier.name, refusal="it is a tier of an API group")
    if tier.max_requests is None or tier.time_period_seconds is None:
        return Part(tier.name, refusal="the inventory has no limit of it")
    limit = {
        "maximumRequests": tier.max_requests,
        "timePeriodInMilliseconds": round(tier.time_period_seconds * _MS),
    }
    members = present(
        name=tier.name,
        description=tier.description,
        status=tier.status,
        auto_approve=tier.auto_approve,
        limits=[limit],
    )
    return Part(tier.name, members, ("the inventory has only the first limit of a tier",))


def _applications(clients: Iterable[_Client]) -> tuple[Part, ...]:
    unique = {client.client_id or client.app_name: client for client in clients}
    return tuple(map(_application, unique.values()))


def _application(client: _Client) -> Part:
    members = present(
        name=client.app_name, client_id=client.client_id, client_secret=client.client_secret
    )
    if client.client_secret is None:
        note = "the source does not tell its secret: the client needs a new one"
        return Part(client.app_name, members, (note,))
    return Part(client.app_name, members)


def _contract(client: _Client) -> Part:
    if client.contract_type == "group":
        return Part(client.app_name, refusal="it is a contract with an API group")
    named = {"clientId": client.client_id} if client.client_id else {"application": client.app_name}
    members = named | present(tier=client.sla_tier_name, status=client.contract_status)
    return Part(client.app_name, members)
