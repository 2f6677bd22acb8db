"""What the policies of API instances limit, read from their configurations for people.

A configuration that can't be read limits nothing here. Gateways say what is wrong with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.management import automated_policies
from control_plane.management.policy_chains import in_order
from control_plane.store.tables import Policy

BY_TIER: Final = "rate-limiting-sla-based"
_ONE: Final = "spike-control"
_MANY: Final = "rate-limiting"


@dataclass(frozen=True, slots=True)
class PolicyLimit:
    """A limit that is the same for every contract."""

    policy_type: str
    maximum: int
    period_ms: int
    is_by_key: bool
    """Whether each value of a key has its own count. Otherwise all clients share one."""


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """What the policies of one API instance limit."""

    applies_tiers: bool
    """Whether a policy applies the limits of the contract's SLA tier."""
    policies: tuple[PolicyLimit, ...]


def limits_of(
    session: Session, environment_id: str, api_ids: Iterable[int]
) -> dict[int, ApiLimits]:
    """The limits of these API instances of the environment."""
    own: dict[int, list[Policy]] = {api_id: [] for api_id in api_ids}
    for policy in session.scalars(select(Policy).where(Policy.api_id.in_(own))):
        own[policy.api_id].append(policy)
    automated = automated_policies.of_environment(session, environment_id)
    found = {}
    for api_id, policies in own.items():
        asked = [link for link in in_order(policies, automated) if link.is_asked]
        limits = (_limits(link.policy_type, link.policy.configuration) for link in asked)
        applies_tiers = any(link.policy_type == BY_TIER for link in asked)
        found[api_id] = ApiLimits(applies_tiers, tuple(each for part in limits for each in part))
    return found


def _limits(policy_type: str, given: dict[str, Any]) -> list[PolicyLimit]:
    if policy_type not in (_ONE, _MANY):
        return []
    parts = [given] if policy_type == _ONE else given.get("rateLimits")
    by_key = policy_type == _MANY and bool(given.get("keySelector"))
    numbers = (_numbers(part) for part in (parts if isinstance(parts, list) else ()))
    return [PolicyLimit(policy_type, *pair, by_key) for pair in numbers if pair is not None]


def _numbers(part: Any) -> tuple[int, int] | None:
    """The requests and the period of a limit. Numbers may be texts, as gateways accept them."""
    if not isinstance(part, dict):
        return None
    given = [str(part.get(name)) for name in ("maximumRequests", "timePeriodInMilliseconds")]
    if not all(text.isascii() and text.isdigit() and len(text) <= 16 for text in given):
        return None
    maximum, period_ms = map(int, given)
    return (maximum, period_ms) if maximum and period_ms else None
