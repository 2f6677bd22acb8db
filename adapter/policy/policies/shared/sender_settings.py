"""The settings of policies that can require tokens to be bound to their client."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler
from pydantic_core.core_schema import CoreSchema

from adapter.policy.policies.shared.configuration import NUMBER, Configuration, without
from adapter.policy.policies.shared.sender_constraint import SenderConstraint
from adapter.policy.tokens.dpop import ALGORITHMS
from adapter.policy.tokens.request_url import normal_url


def _supported(algorithms: str) -> str:
    if not ALGORITHMS.issuperset(listed(algorithms)):
        raise ValueError(f"may have only {', '.join(sorted(ALGORITHMS))}")
    return algorithms


def _origin(text: str) -> str:
    if text and normal_url(text) != f"{text.lower()}/":
        raise ValueError("must be https://HOST or https://HOST:PORT")
    return text


class SenderSettings(Configuration):
    """An extension of ours: how tokens have to be bound to their client."""

    only_if = MappingProxyType(
        dict.fromkeys(
            ("dpopAlgorithms", "dpopProofMaxAge", "dpopOrigin"), "senderConstraint is dpop or any"
        )
    )

    sender_constraint: Literal["none", "mtls", "dpop", "any"] = "none"
    """How tokens have to be bound to their client: to its certificate (`mtls`), to its key (`dpop`)
    or to either (`any`). An extension of ours."""
    dpop_algorithms: Annotated[
        str, AfterValidator(_supported), Field(examples=["ES256, EdDSA"])
    ] = ""
    """Algorithms that clients may sign DPoP proofs with, with commas between them. Empty: all that
    are supported."""
    dpop_proof_max_age: Annotated[int, Field(ge=1, le=3_600), NUMBER] = 60
    """How old a DPoP proof may be, in seconds."""
    dpop_origin: Annotated[
        str, AfterValidator(_origin), Field(examples=["https://api.example.com"])
    ] = ""
    """Scheme and host that clients use, for DPoP proofs. Empty: those of the request."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        if given.get("senderConstraint", "none") == "none":
            return without(given, "dpopAlgorithms", "dpopProofMaxAge", "dpopOrigin")
        return given

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The JSON Schema. Forms show settings in its order, so these come after the policy's."""
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for field in SenderSettings.model_fields.values():
            properties[field.alias] = properties.pop(field.alias)
        return schema

    @property
    def constraint(self) -> SenderConstraint | None:
        """What the settings ask for; None if tokens need not be bound."""
        if self.sender_constraint == "none":
            return None
        return SenderConstraint(
            self.sender_constraint,
            frozenset(listed(self.dpop_algorithms)) or ALGORITHMS,
            self.dpop_proof_max_age,
            self.dpop_origin,
        )


def listed(text: str) -> Iterator[str]:
    """The items of a list with commas."""
    return (part.strip() for part in text.split(",") if part.strip())
