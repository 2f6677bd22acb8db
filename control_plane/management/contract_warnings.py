"""What is allowed in contracts and tiers, and probably not meant."""

from sqlalchemy.orm import Session

from control_plane.management.tiers import of_api
from control_plane.store.tables import Contract, SlaTier

_REFUSED = "so the policy rate-limiting-sla-based refuses"


def of_contract(session: Session, contract: Contract) -> list[str]:
    """A warning if the contract has no tier although the API has some, or one without limits."""
    tier = contract.requested_tier or contract.tier
    if tier is not None:
        return of_tier(tier)
    if session.scalars(of_api(contract.api_id, active=True).limit(1)).first() is None:
        return []
    return [f"the contract has no tier, {_REFUSED} it; choose one with tierId"]


def of_tier(tier: SlaTier) -> list[str]:
    """A warning if the tier has no limits."""
    if tier.limits:
        return []
    return [
        f"the tier {tier.name!r} has no limits, {_REFUSED} the contracts that have it; add a limit"
    ]
