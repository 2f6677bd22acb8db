"""What a source contains, in the members of the environment file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One thing of the source, such as a policy or a client application."""

    name: str
    members: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """As in the environment file. They may contain secrets."""
    notes: tuple[str, ...] = ()
    """What will be different from the source. Without notes, the import is exact."""
    refusal: str = ""
    """Why it can't be imported."""


@dataclass(frozen=True, slots=True)
class SourceApi(Part):
    """An API instance with what belongs to it."""

    policies: tuple[Part, ...] = ()
    tiers: tuple[Part, ...] = ()
    contracts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """An environment of the source."""

    apis: tuple[SourceApi, ...] = ()
    applications: tuple[Part, ...] = ()
    automated_policies: tuple[Part, ...] = ()
    unread_policies: tuple[Part, ...] = ()
    """Policies of which it is not known what they protect, each with its refusal."""
    others: tuple[Part, ...] = ()
    """Things without a place in an environment file, each with its refusal."""
