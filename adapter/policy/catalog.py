"""What an admin manages on the platform, in our own types.

`platform_client.translate` makes these from the platform's documents; `policy.snapshot` compiles
them. Identifiers are strings throughout: they travel as strings in Envoy's metadata, whose numbers
are doubles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mypy_extensions import mypyc_attr

from adapter.policy.hashed_secret import HashedSecret
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
class Contract(Value):
    """An approved agreement that a client application may call an API, possibly at a tier.

    One flat object, since there may be a million of them: an application with contracts for several
    APIs is told several times.
    """

    __slots__ = ("client_id", "client_name", "contract_id", "fault", "secret", "tier_id")

    def __init__(
        self,
        contract_id: str,
        client_id: str,
        client_name: str = "",
        secret: HashedSecret | None = None,
        tier_id: str | None = None,
        fault: str | None = None,
    ) -> None:
        self.contract_id: Final = contract_id
        self.client_id: Final = client_id
        self.client_name: Final = client_name
        self.secret: Final = secret
        """The application's; None if the platform gave none."""
        self.tier_id: Final = tier_id
        self.fault: Final = fault
        """Why this contract cannot be honoured (its secret's form, say): it alone is closed."""

    def held(self) -> tuple[str, str, str, HashedSecret | None, str | None, str | None]:
        """See `Value`."""
        return (
            self.contract_id,
            self.client_id,
            self.client_name,
            self.secret,
            self.tier_id,
            self.fault,
        )

    def closed(self, fault: str) -> "Contract":
        """The same, not to be honoured, for that reason if it has none yet."""
        return Contract(
            self.contract_id,
            self.client_id,
            self.client_name,
            self.secret,
            self.tier_id,
            self.fault or fault,
        )


@dataclass(frozen=True, slots=True)
class Pointcut:
    """A part of an API; both patterns (RE2) match the whole method and the whole path."""

    method_regex: str
    path_regex: str


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


@dataclass(frozen=True, slots=True)
class ApiContent:
    """All that the platform says of one API, fetched whole."""

    instance: ApiInstance
    policies: tuple[AppliedPolicy, ...] = ()
    """Automated and own, in no particular order; disabled ones are left out."""
    tiers: Mapping[str, SlaTier] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    """By contract id."""
