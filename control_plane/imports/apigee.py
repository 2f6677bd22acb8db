"""An Apigee organization: API products, developers and apps.

    API proxy or remote service    ──►  API instance
    API product                    ──►  SLA tier of each of its APIs, with its quota
    key of an app                  ──►  client application
    key that may use a product     ──►  contract

A key is known by its header `x-api-key`, as in Apigee's adapter for Envoy.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from control_plane.imports.apigee_rows import (
    App,
    Credential,
    Developer,
    OperationConfig,
    Product,
    Quota,
)
from control_plane.imports.reading import listed, present, read_rows
from control_plane.imports.source import Part, Source, SourceApi

GROUP: Final = "apigee"
VERSION: Final = "1.0.0"

_WHOLE_API: Final = frozenset({"", "/", "/**"})
_KEY: Final = "#[attributes.headers['x-api-key']]"
_UNLIMITED: Final = {"maximumRequests": 2**53, "timePeriodInMilliseconds": 86_400_000}
"""A contract whose tier has no limit would be refused beside limited ones."""
_CONTRACTS: Final = Part(
    "client-id-enforcement",
    {"assetId": "client-id-enforcement", "configurationData": {"clientIdExpression": _KEY}},
)
_QUOTAS: Final = Part(
    "rate-limiting-sla-based",
    {"assetId": "rate-limiting-sla-based", "configurationData": {"clientIdExpression": _KEY}},
)


@dataclass(frozen=True, slots=True)
class Export:
    """The three exported files, parsed."""

    products: Any
    developers: Any
    apps: Any


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of an app, and the name of its client application."""

    name: str
    credential: Credential
    is_active: bool

    @property
    def refusal(self) -> str:
        """Why it can't be imported."""
        if self.credential.expires_at > 0:
            return "it expires, and client ids do not expire here: it would be valid for longer"
        return ""


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a product gives access to in one API."""

    product: Product
    config: OperationConfig

    @property
    def quota(self) -> Quota | None:
        """The quota of this API, or of the product."""
        return self.config.quota or self.product.own_quota

    @property
    def refusal(self) -> str:
        """Why the product can't be a tier of the API."""
        parts = [each.resource for each in self.config.operations if _is_part(each.resource)]
        methods = any(each.methods for each in self.config.operations)
        if parts or methods:
            what = f"the paths {', '.join(parts)}" if parts else "some methods"
            return f"it gives access to {what} only, and a contract gives access to the whole API"
        if self.quota is not None and self.quota.period_ms is None:
            return f"the unit of its quota, {self.quota.time_unit!r}, is not known"
        return ""


def source_of(export: Export, environment: str | None) -> Source:
    """The products of this environment (None: of all), and all apps with a key for them."""
    products = read_rows(Product, listed(export.products, "apiProduct", "apiProducts"), "product")
    developers = read_rows(Developer, listed(export.developers, "developer"), "developer")
    apps = read_rows(App, listed(export.apps, "app", "apps"), "app")
    chosen = [each for each in products.read if _is_in(each, environment)]
    keys = _keys(apps.read, {each.developer_id: each for each in developers.read})
    return Source(
        tuple(_api(name, offers, keys) for name, offers in _offers(chosen).items()),
        tuple(map(_application, keys)),
        others=(
            *(Part(each.name, refusal="it names no API") for each in chosen if not each.configs),
            *products.refused,
            *developers.refused,
            *apps.refused,
        ),
    )


def _is_in(product: Product, environment: str | None) -> bool:
    return environment is None or not product.environments or environment in product.environments


def _is_part(resource: str) -> bool:
    return resource not in _WHOLE_API


def _offers(products: Iterable[Product]) -> dict[str, list[_Offer]]:
    """The offers by the API."""
    offers: dict[str, list[_Offer]] = {}
    for product in products:
        for config in product.configs:
            offers.setdefault(config.api_source, []).append(_Offer(product, config))
    return offers


def _keys(apps: Sequence[App], developers: Mapping[str, Developer]) -> list[_Key]:
    uses = Counter(app.name for app in apps)
    keys: list[_Key] = []
    for app in apps:
        developer = developers.get(app.developer_id or "")
        owner = developer.email if developer else app.developer_id or "unknown developer"
        name = app.name if uses[app.name] == 1 else f"{app.name} ({owner})"
        is_active = app.status == "approved" and (developer is None or developer.status == "active")
        keys += [
            _Key(f"{name} {number}" if number > 1 else name, credential, is_active)
            for number, credential in enumerate(app.credentials, 1)
        ]
    return keys


def _application(key: _Key) -> Part:
    members = present(
        name=key.name,
        client_id=key.credential.consumer_key,
        client_secret=key.credential.consumer_secret,
    )
    return Part(key.name, members, refusal=key.refusal)


def _api(name: str, offers: Sequence[_Offer], keys: Iterable[_Key]) -> SourceApi:
    is_limited = any(offer.quota for offer in offers)
    notes = ["only the header x-api-key is read: no query parameter and no token"]
    if any(offer.product.scopes for offer in offers):
        notes.append("OAuth scopes are not asked for")
    return SourceApi(
        name,
        {"groupId": GROUP, "assetId": name, "assetVersion": VERSION},
        tuple(notes),
        policies=(_CONTRACTS, _QUOTAS) if is_limited else (_CONTRACTS,),
        tiers=tuple(map(_tier, offers)),
        contracts=tuple(
            contract for key in keys if (contract := _contract(key, offers)) is not None
        ),
    )


def _tier(offer: _Offer) -> Part:
    product, quota = offer.product, offer.quota
    if offer.refusal:
        return Part(product.name, refusal=offer.refusal)
    limit: Mapping[str, int] = _UNLIMITED
    notes = ("it has no quota: its limit is so high that nobody reaches it",)
    if quota is not None and quota.period_ms is not None:
        limit = {"maximumRequests": quota.limit, "timePeriodInMilliseconds": quota.period_ms}
        notes = ("a window begins with a client's first request, and not with the clock",)
    members = present(name=product.name, description=product.description)
    members |= {"autoApprove": product.approval_type == "auto", "limits": [limit]}
    return Part(product.name, members, notes)


def _contract(key: _Key, offers: Iterable[_Offer]) -> Part | None:
    """The contract of a key, if it has a product of the API."""
    statuses = {each.apiproduct: each.status for each in key.credential.api_products}
    mine = [offer for offer in offers if offer.product.name in statuses]
    if not mine:
        return None
    possible = [offer for offer in mine if not offer.refusal] or mine
    best = min(possible, key=lambda offer: statuses[offer.product.name] != "approved")
    is_approved = (
        key.is_active
        and key.credential.status == "approved"
        and statuses[best.product.name] == "approved"
    )
    is_pending = statuses[best.product.name] == "pending"
    status = "APPROVED" if is_approved else "PENDING" if is_pending else "REVOKED"
    named = "requestedTier" if status == "PENDING" else "tier"
    others = [offer.product.name for offer in mine if offer is not best]
    notes = (f"a contract has one tier: {', '.join(others)} is left out",) if others else ()
    members = {"clientId": key.credential.consumer_key, named: best.product.name, "status": status}
    return Part(key.name, members, notes)
