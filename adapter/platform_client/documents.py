"""The platform's JSON: strict on what we need, blind to everything else.

Lists of things that may be bad one by one (policies, contracts, tiers) stay lists of anything here;
`translate` reads each by itself, so that one bad entry does not spoil the others. Sources: the
vendor's OpenAPI specification of API Manager, and the public source of its contracts library.
"""

from typing import Annotated, Any, Final, TypeAlias, TypeVar

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

from adapter.errors import DocumentError
from adapter.platform_client.exchange import Answer


def _as_text(value: Any) -> Any:
    """Identifiers are numbers in some documents and strings in others."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Identifier: TypeAlias = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
Text: TypeAlias = Annotated[str, BeforeValidator(lambda value: value or "")]
"""A string that may be null or missing, which then is empty."""


class Document(BaseModel):
    """What all documents share: the platform's camelCase names, unknown keys ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class TokenDocument(BaseModel):
    """RFC 6749, 5.1."""

    access_token: str = Field(pattern=r"^[\x21-\x7e]+$", repr=False)
    """Checked here, since HTTP libraries show a header's value when they refuse it."""
    expires_in: float | None = Field(default=None, gt=0)
    """Seconds."""


class InstanceDocument(Document):
    """An API instance, by itself or inside its asset."""

    id: Identifier = Field(validation_alias=AliasChoices("id", "apiId"))
    asset_id: Text = ""
    autodiscovery_instance_name: Text = ""
    asset_version: Text = ""
    product_version: Text = ""


class AssetDocument(Document):
    """An asset and its API instances."""

    name: Text = ""
    asset_id: Text = ""
    apis: list[Any]


class AssetListDocument(Document):
    """A page of the list of API instances; `limit` and `offset` count assets."""

    total: int
    assets: list[Any]


class PolicyListDocument(Document):
    """The wrapped form of a list of policies."""

    policies: list[Any] = Field(validation_alias=AliasChoices("policies", "automatedPolicies"))
    total: int | None = None


class PointcutDocument(Document):
    """A part of an API."""

    method_regex: str
    uri_template_regex: str


class PolicyDocument(Document):
    """A policy as applied to an API."""

    id: Identifier
    asset_id: str = Field(min_length=1)
    configuration_data: dict[str, Any] | None = Field(default=None, repr=False)
    order: int | None = None
    disabled: bool | None = None
    pointcut_data: list[PointcutDocument] | None = None


class LimitDocument(Document):
    """A limit of an SLA tier."""

    maximum_requests: int = Field(ge=0)
    time_period_in_milliseconds: int = Field(ge=1)


class TierDocument(Document):
    """An SLA tier. One without limits would promise everything; that is a mistake."""

    id: Identifier
    name: Text = ""
    limits: list[LimitDocument] = Field(min_length=1)


class TierListDocument(Document):
    """A page of SLA tiers."""

    total: int
    tiers: list[Any]


class ContractDocument(Document):
    """A contract in the feed, with its application's client id and hashed secret."""

    contract_id: Identifier
    client_id: str = Field(min_length=1)
    client_name: Text = ""
    client_secret: str | None = Field(default=None, repr=False)
    client_secret_salt: Text = Field(default="", repr=False)
    sla_tier_id: Identifier | None = None


class LinksDocument(Document):
    """Cursors of the feed."""

    next: str | None = None


class ContractPageDocument(Document):
    """A page of the contract feed."""

    links: LinksDocument
    data: list[Any]


Shape = TypeVar("Shape")


class ReceiptDocument(Document):
    """What became of a batch of events."""

    rejected: list[Any] = []


_RECEIPT: Final = TypeAdapter(ReceiptDocument)
TOKEN: Final = TypeAdapter(TokenDocument)
INSTANCE: Final = TypeAdapter(InstanceDocument)
ASSET_LIST: Final = TypeAdapter(AssetListDocument)
TIER_LIST: Final = TypeAdapter(TierListDocument)
CONTRACT_PAGE: Final = TypeAdapter(ContractPageDocument)
POLICY_LIST: Final[TypeAdapter[list[Any] | PolicyListDocument]] = TypeAdapter(
    list[Any] | PolicyListDocument
)


def parse(shape: TypeAdapter[Shape], answer: Answer) -> Shape:
    """Read a body as that type; raise DocumentError that names every fault, and no value."""
    try:
        return shape.validate_json(answer.body)
    except ValidationError as e:
        kind = answer.headers.get("content-type", "an unknown content type")[:64]
        raise DocumentError(
            f"{answer.what}: not the expected JSON ({kind!a}): {faults(e)}"
        ) from None


def faults(error: ValidationError) -> str:
    """All that is wrong, as one line; never the values, which may be secret."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{_place(fault['loc'])}: {fault['msg']}" for fault in found[:10])


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the document"


def refused_events(answer: Answer) -> int:
    """How many events of a batch were refused one by one.

    The vendor does not say what its ingest answers; our control plane lists them. Whatever else an
    answer holds, the batch has arrived.
    """
    try:
        return len(_RECEIPT.validate_json(answer.body).rejected)
    except ValidationError:
        return 0
