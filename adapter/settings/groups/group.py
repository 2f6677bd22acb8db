"""What all groups of settings share."""

from pydantic import (
    BaseModel,
    ConfigDict,
)


class Group(BaseModel):
    """A group of settings: unknown names are errors, and numbers may stand for text."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)
