"""What an adapter said about a decision: which policies were asked, and why it refused."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json

Short = Annotated[str, Field(strict=True, max_length=100, pattern=r"^[^\x00]*$")]
Long = Annotated[str, Field(strict=True, max_length=1000, pattern=r"^[^\x00]*$")]
DecisionId = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9._:-]{1,64}$")]

Said: TypeAlias = Literal["passed", "denied", "skipped", "not_reached"]
Answerer: TypeAlias = Literal["policy", "adapter", "envoy", "upstream"]

MOST_VERDICTS = 100


class Verdict(BaseModel):
    """What one policy said."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    policy_name: Short
    policy_id: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]
    said: Said


class Decision(BaseModel):
    """A decision that has an id. Members of later adapters are ignored."""

    id: DecisionId
    revision: Short = ""
    contract_id: Short = ""
    sla_tier: Long = ""
    reason: Short = ""
    detail: Long = ""
    verdicts: Annotated[list[Verdict], Field(max_length=MOST_VERDICTS)] = []

    def stored(self) -> str:
        """The decision as JSON, without its id and without what it does not say."""
        return self.model_dump_json(exclude={"id"}, exclude_defaults=True)


def read_decision(decision_id: str, stored: str) -> Decision:
    """The decision with this id and with what `Decision.stored` made."""
    return Decision.model_validate(from_json(stored) | {"id": decision_id})
