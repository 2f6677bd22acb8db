# mypyc: compiled
"""What an admin manages on the platform, in our own types.

`platform_client.protocol` makes these values from the platform's documents, and `policy.snapshot`
compiles them. All ids are strings: they travel in Envoy's metadata, whose numbers are doubles.
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
    """The version of the API's asset, for people and analytics."""


class RateLimit(NamedTuple):
    """A maximum number of requests in a period."""

    maximum_requests: int
    period_ms: int


@dataclass(frozen=True, slots=True)
class SlaTier:
    """What a client application was promised. All limits apply at the same time."""

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
"""Patterns that match everything."""


@dataclass(frozen=True, slots=True)
class Pointcut:
    """A part of an API: requests whose whole method and whole path match these RE2 patterns.

    Example: `Pointcut("GET|HEAD", "/orders/.*")`.
    """

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
    """Where it applies: where any pointcut matches. Empty means the whole API."""
    automated: bool = False
    fault: str | None = None
    """Why the platform's document of this policy cannot be used, for example a masked secret."""
    overridden: tuple[Pointcut, ...] = ()
    """Where automated policies of the same type apply instead."""

    @property
    def is_everywhere(self) -> bool:
        """Whether it applies to the whole API."""
        return not self.pointcuts or any(p.is_everything for p in self.pointcuts)


@dataclass(frozen=True, slots=True)
class ApiContent:
    """Everything that the platform says about one API, from one complete fetch."""

    instance: ApiInstance
    policies: tuple[AppliedPolicy, ...] = ()
    """The API's own and the automated policies, unsorted, without disabled ones."""
    tiers: Mapping[str, SlaTier] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    """By contract id."""
