# mypyc: compiled
"""What the rate-limiting policies share: limits, and the headers that tell clients about them."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated, Final

from pydantic import Field

from adapter.policy.catalog import RateLimit
from adapter.policy.contracts.contract import Contract
from adapter.policy.effects.quota import Charge, QuotaState, QuotaWindow
from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.configuration import NUMBER
from adapter.policy.policies.shared.credentials import CLIENT_ID_CHALLENGE
from adapter.policy.verdicts import CONTINUE, Continue, Deny, DenyReason, ExposedQuota

MAX_LIMITS: Final = 16
"""Limits of one policy or of one SLA tier."""
MAX_PERIOD_MS: Final = 366 * 24 * 3_600_000
_SECOND_MS: Final = 1_000
MAX_KEY_CHARS: Final = 128

QUOTA_UNKNOWN: Final = Deny(
    DenyReason.QUOTA_UNKNOWN,
    503,
    "The quota cannot be counted at present",
)
"""Its detail comes from the store."""

MaximumRequests = Annotated[int, Field(ge=1, le=2**53, examples=[100]), NUMBER]
PeriodMs = Annotated[int, Field(ge=1, le=MAX_PERIOD_MS, examples=[60_000]), NUMBER]


def warnings_on_limits(limits: Iterable[RateLimit]) -> tuple[str, ...]:
    """A warning for each period that was probably meant in seconds."""
    return tuple(
        f"timePeriodInMilliseconds is {period_ms}, which allows {maximum} requests in "
        f"{period_ms / _SECOND_MS:g} s; one minute is 60000"
        for maximum, period_ms in limits
        if period_ms < _SECOND_MS
    )


def windows_of(key: tuple[str, ...], limits: tuple[RateLimit, ...]) -> tuple[QuotaWindow, ...]:
    """One window for each limit under one key."""
    if len(limits) == 1:
        ((maximum, period_ms),) = limits
        return ((maximum, period_ms, *key),)
    return tuple([(maximum, period_ms, *key) for maximum, period_ms in limits])


def bounded_key(text: str) -> str:
    """The text, or its hash if it is long, so that clients cannot fill the memory of counters."""
    if len(text) <= MAX_KEY_CHARS:
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def settlement(
    limits: tuple[RateLimit, ...], *, exposed: bool
) -> Callable[[QuotaState], Continue | Deny]:
    """Turns the outcome of a charge of these limits into a verdict."""

    def settled(state: QuotaState) -> Continue | Deny:
        if state.unknown:
            return replace(QUOTA_UNKNOWN, detail=state.unknown)
        strictest = _strictest(limits, state) if exposed else None
        if not state.admitted:
            return _exceeded(state, strictest)
        return Continue(exposed_quota=strictest) if strictest else CONTINUE

    return settled


def charging_by_tier(
    find: Callable[[Evaluation], Contract | Deny], *, exposed: bool, local: bool
) -> Callable[[Evaluation], Charge | Deny]:
    """Charges the limits of the SLA tier of the contract that `find` returns."""
    settled_unseen = settlement((), exposed=False)

    def charge(evaluation: Evaluation) -> Charge | Deny:
        contract = find(evaluation)
        if isinstance(contract, Deny):
            return contract
        tier_id = contract.tier_id
        limits = () if tier_id is None else evaluation.tiers[tier_id].limits
        identity = evaluation.identity_under(contract)
        if not limits:
            return replace(CLIENT_ID_CHALLENGE.no_tier, identity=identity)
        key = (evaluation.api_id, evaluation.policy.counter, identity.contract_id)
        return Charge(
            windows_of(key, limits),
            settlement(limits, exposed=True) if exposed else settled_unseen,
            local,
            identity,
            exposed,
            contract,
        )

    return charge


def _strictest(limits: tuple[RateLimit, ...], state: QuotaState) -> ExposedQuota | None:
    strictest: ExposedQuota | None = None
    for limit, left, wait_ms in zip(limits, state.remaining, state.reset_ms, strict=True):
        strictest = ExposedQuota(limit.maximum_requests, left, wait_ms).stricter(strictest)
    return strictest


def _exceeded(state: QuotaState, exposed: ExposedQuota | None) -> Deny:
    waits_ms = [
        wait for left, wait in zip(state.remaining, state.reset_ms, strict=True) if left <= 0
    ]
    retry_after_s = max(1, -(-max(waits_ms, default=0) // 1000))
    return Deny(
        DenyReason.QUOTA_EXCEEDED,
        429,
        "Quota has been exceeded",
        f"{len(waits_ms)} of {len(state.remaining)} limits used up, for {retry_after_s} s more",
        headers=(("retry-after", str(retry_after_s)),),
        exposed_quota=exposed,
    )
