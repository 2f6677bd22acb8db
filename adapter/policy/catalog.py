# mypyc: compiled
"""What an admin manages on the platform, in our own types.

`platform_client.translate` makes these from the platform's documents; `policy.snapshot` compiles
them. Identifiers are strings throughout: they travel as strings in Envoy's metadata, whose numbers
are doubles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mypy_extensions import mypyc_attr

from adapter.policy.contracts.contract import Contract
from adapter.policy.value import Value


class ApiInstance(NamedTuple):
    """An API in one environment, as API Manager numbers it."""

    api_id: str
    name: str
    version: str = ""
    """The asset's version, for people and analytics."""


class RateLimit(NamedTuple):
    """At most so many requests in a period."""

    maximum_requests: int
    period_ms: int


@dataclass(frozen=True, slots=True)
class SlaTier:
    """What a client application was promised; several limits are layered."""

    tier_id: str
    name: str
    limits: tuple[RateLimit, ...]


@mypyc_attr(acyclic=True)
class PolicyRef(Value):
    """Names one applied policy: which one decided, for analytics and operators."""

    __slots__ = ("counter", "policy_id", "policy_type")

    def __init__(self, policy_id: str, policy_type: str) -> None:
        self.policy_id: Final = policy_id
        self.policy_type: Final = policy_type
        self.counter: Final = f"{policy_type}/{policy_id}"
        """Distinguishes its quota windows from those of the API's other policies. The type is part
        of it, because the platform numbers automated policies separately."""

    def held(self) -> tuple[str, str]:
        """See `Value`."""
        return self.policy_id, self.policy_type


EVERYTHING: Final = frozenset({"", ".*", "^.*$"})
"""Patterns that let everything match."""


@dataclass(frozen=True, slots=True)
class Pointcut:
    """A part of an API; both patterns (RE2) match the whole method and the whole path."""

    method_regex: str
    path_regex: str

    @property
    def is_everything(self) -> bool:
        """Whether it is the whole API."""
        return self.method_regex in EVERYTHING and self.path_regex in EVERYTHING


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """A policy that an admin applied to an API, or to the environment (then it is automated)."""

    policy_id: str
    policy_type: str
    """The policy's asset id, such as `rate-limiting`."""
    configuration: Mapping[str, Any] = field(repr=False)
    order: int = 50
    pointcuts: tuple[Pointcut, ...] = ()
    """Empty: the whole API. Else any of them."""
    automated: bool = False
    fault: str | None = None
    """Why the platform's description of this policy cannot be used (a masked secret, say)."""
    overridden: tuple[Pointcut, ...] = ()
    """Where it does not apply, because automated policies of its type do."""

    @property
    def is_everywhere(self) -> bool:
        """Whether its pointcuts make up the whole API."""
        return not self.pointcuts or any(p.is_everything for p in self.pointcuts)


@dataclass(frozen=True, slots=True)
class ApiContent:
    """All that the platform says of one API, fetched whole."""

    instance: ApiInstance
    policies: tuple[AppliedPolicy, ...] = ()
    """Automated and own, in no particular order; disabled ones are left out."""
    tiers: Mapping[str, SlaTier] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    """By contract id."""
