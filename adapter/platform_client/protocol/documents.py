"""The platform's documents. Fields that we need are checked strictly; others are ignored.

The entries of lists (policies, contracts, tiers) are not checked here. `translate` and
`applied_policies` read each entry on its own, so that one bad entry does not spoil the others.

Sources: the vendor's OpenAPI specification of API Manager, the public source of its contracts
library, and what public clients of the live platform read.
"""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from adapter.platform_client.protocol.field_types import (
    Count,
    Identifier,
    OptionalIdentifier,
    Text,
    filled,
    lifetime_s,
)
from adapter.policy.policies.shared.limits import MAX_LIMITS, MaximumRequests, PeriodMs
from adapter.runtime.validation import plain_words

SecretText: TypeAlias = Annotated[str, Field(max_length=256, pattern="")]
"""A hash or a salt. Both are short; a salt is hashed again for each Check."""

Link: TypeAlias = Annotated[str, Field(max_length=8_192, pattern="")]
"""Servers do not accept longer ones."""


class Document(BaseModel):
    """What all documents share: the platform's camelCase names, unknown keys ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class TokenDocument(BaseModel):
    """RFC 6749, 5.1."""

    access_token: str = Field(pattern=r"^[\x21-\x7e]+$", max_length=16_384, repr=False)
    """Checked here, since HTTP libraries show the value of a header that they refuse."""
    expires_in: Annotated[float | None, BeforeValidator(lifetime_s)] = None
    """Seconds; None if the platform does not say."""


class InstanceDocument(Document):
    """An API instance, by itself or inside its asset."""

    id: Identifier = Field(validation_alias=AliasChoices("id", "apiId"))
    asset_id: Text = ""
    autodiscovery_instance_name: Text = ""
    asset_version: Text = ""
    product_version: Text = ""


class AssetDocument(Document):
    """An asset and its API instances."""

    name: Text = Field(default="", validation_alias=AliasChoices("name", "exchangeAssetName"))
    asset_id: Text = ""
    apis: list[Any]


class ListDocument(Document):
    """A page of a list."""

    total: Count = None
    rows: list[Any]


class AssetListDocument(ListDocument):
    """API instances; `limit` and `offset` count their assets."""

    rows: list[Any] = Field(validation_alias=AliasChoices("assets", "instances", "apis"))


class PolicyListDocument(ListDocument):
    """Policies, as the live platform lists them."""

    rows: list[Any] = Field(validation_alias=AliasChoices("policies", "automatedPolicies"))


class LimitDocument(Document):
    """A limit of an SLA tier, within the bounds of a policy's."""

    maximum_requests: MaximumRequests
    time_period_in_milliseconds: PeriodMs


class TierDocument(Document):
    """An SLA tier. One without limits promises no quota: policies that apply limits refuse it."""

    id: Identifier
    name: Text = ""
    limits: list[LimitDocument] = Field(max_length=MAX_LIMITS)


class TierListDocument(ListDocument):
    """SLA tiers."""

    rows: list[Any] = Field(validation_alias=AliasChoices("tiers"))


class ContractDocument(Document):
    """A contract in the feed, with its application's client id and hashed secret."""

    contract_id: Identifier
    client_id: Identifier
    client_name: Text = ""
    client_secret: SecretText | None = Field(default=None, repr=False)
    client_secret_salt: SecretText | None = Field(default=None, repr=False)
    previous_client_secret: SecretText | None = Field(default=None, repr=False)
    """An extension of our control plane: the hash of the secret before, with the same salt, while
    both work."""
    sla_tier_id: OptionalIdentifier = None


class LinksDocument(Document):
    """Cursors of the feed."""

    next: Link | None = None


class ContractPageDocument(Document):
    """A page of the contract feed."""

    links: Annotated[LinksDocument, BeforeValidator(filled)] = LinksDocument()
    """Without links, the pass ends here, and the next one starts at the beginning of the feed."""
    data: list[Any]


class ReceiptDocument(Document):
    """What became of a batch of events."""

    accepted: int | None = None
    """None: no receipt."""
    rejected: list[Any] = []


AnyList: TypeAlias = list[Any] | ListDocument
"""A list, with or without the object around it."""

RECEIPT: Final = TypeAdapter(ReceiptDocument)
TOKEN: Final = TypeAdapter(TokenDocument)
INSTANCE: Final = TypeAdapter(InstanceDocument)
ASSET_LIST: Final[TypeAdapter[AnyList]] = TypeAdapter(list[Any] | AssetListDocument)
TIER_LIST: Final[TypeAdapter[AnyList]] = TypeAdapter(list[Any] | TierListDocument)
CONTRACT_PAGE: Final = TypeAdapter(ContractPageDocument)
POLICY_LIST: Final[TypeAdapter[AnyList]] = TypeAdapter(list[Any] | PolicyListDocument)


def faults(error: ValidationError) -> str:
    """All faults in one line, without the values, which may be secret."""
    found = error.errors(include_input=False, include_url=False)
    lines = (f"{_place(fault['loc'])}: {plain_words(fault)}" for fault in found[:10])
    return "; ".join(dict.fromkeys(lines))


def _place(location: tuple[int | str, ...]) -> str:
    """Names of fields, without those of the two forms of a list (see `AnyList`)."""
    parts = [str(part) for part in location]
    fields = [p for p in parts if not p.endswith(("Document", "[any]"))]
    return ".".join(fields) or "the document"
