"""An environment of Anypoint Platform, as its REST API shows it.

The shapes are those of the official specification and of the answers that public clients of the
live platform read. We could not try it on a live platform.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from control_plane.imports.reading import Row, listed, present, read_rows
from control_plane.imports.source import Part, Source, SourceApi
from control_plane.imports.vendor_policies import vendor_policy

_MULE: Final = frozenset({"mule3", "mule4"})


@dataclass(frozen=True, slots=True)
class ApiAnswers:
    """What the platform answers about one API instance."""

    instance: Any = field(repr=False)
    policies: Any = field(default=(), repr=False)
    tiers: Any = ()
    contracts: Any = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the platform answers about one environment."""

    apis: Sequence[ApiAnswers]
    applications: Any = field(default=(), repr=False)
    """With `clientSecret`, where the account may read it."""
    automated_policies: Any = field(default=(), repr=False)


class _Endpoint(Row):
    uri: str | None = None
    proxy_uri: str | None = None
    type: str | None = None


class _Instance(Row):
    id: int
    group_id: str
    asset_id: str
    asset_version: str
    instance_label: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    deprecated: bool = False
    technology: str | None = None
    provider_id: str | None = None
    endpoint_uri: str | None = None
    endpoint: _Endpoint | None = None
    approval_method: str | None = None
    routing: tuple[dict[str, Any], ...] = ()


class _Asset(Row):
    group_id: str | None = None
    asset_id: str | None = None


class _Policy(Row):
    """Answers have two shapes: see `docs/control-plane.md`, "Policies"."""

    asset_id: str | None = None
    group_id: str | None = None
    template: _Asset = _Asset()
    implementation_asset: _Asset = _Asset()
    implementation_assets: tuple[_Asset, ...] = ()
    configuration: dict[str, Any] | None = None
    configuration_data: dict[str, Any] | None = None
    pointcut_data: list[dict[str, Any]] | None = None
    disabled: bool = False
    order: int | None = None
    rule_of_application: dict[str, Any] | None = None

    @property
    def asset(self) -> _Asset:
        """The asset of its type, or of an implementation if the type is not named."""
        if self.asset_id:
            return _Asset(group_id=self.group_id, asset_id=self.asset_id)
        known = (self.template, self.implementation_asset, *self.implementation_assets)
        return next((asset for asset in known if asset.asset_id), _Asset())


class _Limit(Row):
    maximum_requests: int
    time_period_in_milliseconds: int
    visible: bool = True


class _Tier(Row):
    id: int
    name: str
    description: str | None = None
    status: str = "ACTIVE"
    auto_approve: bool = False
    limits: tuple[_Limit, ...] = ()


class _Application(Row):
    id: int
    name: str
    client_id: str | None = None
    client_secret: str | None = None
    description: str | None = None
    url: str | None = None
    redirect_uri: list[str] | str | None = None


class _Contract(Row):
    application_id: int
    status: str
    tier_id: int | None = None
    requested_tier_id: int | None = None


def source_of(answers: Answers) -> Source:
    """The environment."""
    applications = read_rows(
        _Application, listed(answers.applications, "applications"), "application"
    )
    names = {application.id: application for application in applications.read}
    automated = listed(answers.automated_policies, "automatedPolicies")
    return Source(
        tuple(_api(api, names) for api in answers.apis),
        (*map(_application, applications.read), *applications.refused),
        _policies(automated),
    )


def _api(answers: ApiAnswers, applications: Mapping[int, _Application]) -> SourceApi:
    read, refused = read_rows(_Instance, [answers.instance], "API instance")
    if refused:
        return SourceApi(refused[0].name, refusal=refused[0].refusal)
    instance = read[0]
    tiers = read_rows(_Tier, listed(answers.tiers, "tiers"), "SLA tier")
    tier_names = {tier.id: tier.name for tier in tiers.read}
    contracts = read_rows(_Contract, listed(answers.contracts, "contracts"), "contract")
    known = instance.model_dump(
        mode="json", by_alias=True, exclude={"id", "routing"}, exclude_defaults=True
    )
    members = {name: value for name, value in known.items() if value != {}}
    notes = ("Envoy enforces its policies, not a Mule application",) * (
        instance.technology in _MULE
    )
    notes += ("Envoy routes to its upstreams: they are left out",) * bool(instance.routing)
    return SourceApi(
        f"{instance.asset_id} {instance.instance_label or instance.asset_version}",
        members,
        notes,
        policies=_policies(listed(answers.policies, "policies")),
        tiers=(*map(_tier, tiers.read), *tiers.refused),
        contracts=(
            *(_contract(contract, applications, tier_names) for contract in contracts.read),
            *contracts.refused,
        ),
    )


def _policies(rows: Any) -> tuple[Part, ...]:
    """The policies in their order. An answer without a list does not say that there are none."""
    if rows is None:
        return (Part("policies", refusal="the source does not list them"),)
    policies = read_rows(_Policy, rows, "policy")
    in_order = sorted(policies.read, key=lambda policy: policy.order or 0)
    return (*map(_policy, in_order), *policies.refused)


def _policy(policy: _Policy) -> Part:
    asset = policy.asset
    if asset.asset_id is None:
        return Part("policy", refusal="its type is not named (a policy of Mule 3)")
    rule = policy.rule_of_application or {}
    return vendor_policy(
        asset.asset_id,
        policy.configuration_data or policy.configuration,
        group_id=asset.group_id,
        pointcut=policy.pointcut_data,
        disabled=policy.disabled,
        rule=present(range=rule.get("range"), technologies=rule.get("technologies")),
    )


def _tier(tier: _Tier) -> Part:
    return Part(
        tier.name, tier.model_dump(mode="json", by_alias=True, exclude={"id"}, exclude_none=True)
    )


def _application(application: _Application) -> Part:
    uris = application.redirect_uri
    members = present(
        name=application.name,
        client_id=application.client_id,
        client_secret=application.client_secret,
        description=application.description,
        url=application.url,
        redirect_uri=[uris] if isinstance(uris, str) and uris else uris,
    )
    if application.client_secret is None:
        note = "the source does not tell its secret: the client needs a new one"
        return Part(application.name, members, (note,))
    return Part(application.name, members)


def _contract(
    contract: _Contract, applications: Mapping[int, _Application], tiers: Mapping[int, str]
) -> Part:
    application = applications.get(contract.application_id)
    if application is None:
        name = f"application {contract.application_id}"
        return Part(name, refusal="its application is not in the organization's list")
    unknown = f"tier {contract.tier_id}"
    tier = None if contract.tier_id is None else tiers.get(contract.tier_id, unknown)
    members = _client_of(application) | present(
        tier=tier,
        requested_tier=tiers.get(contract.requested_tier_id or 0),
        status=contract.status,
    )
    return Part(application.name, members)


def _client_of(application: _Application) -> dict[str, str]:
    if application.client_id:
        return {"clientId": application.client_id}
    return {"application": application.name}
