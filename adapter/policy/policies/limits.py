"""What the two rate-limiting policies share: limits, and what clients are told of them."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import Field

from adapter.policy.catalog import AppliedPolicy, RateLimit
from adapter.policy.decision import (
    CONTINUE,
    Continue,
    Deny,
    DenyReason,
    ExposedQuota,
    QuotaState,
    QuotaWindow,
)

MAX_PERIOD_MS: Final = 366 * 24 * 3_600_000
MAX_KEY_CHARS: Final = 128

QUOTA_UNKNOWN: Final = Deny(
    DenyReason.QUOTA_UNKNOWN,
    503,
    "The quota cannot be counted at present",
    detail="the shared quota store is down, and quota.when_down is deny",
)

MaximumRequests = Annotated[int, Field(ge=1, le=2**53)]
PeriodMs = Annotated[int, Field(ge=1, le=MAX_PERIOD_MS)]


def windows_of(key: tuple[str, ...], limits: tuple[RateLimit, ...]) -> tuple[QuotaWindow, ...]:
    """One window for each limit under one key."""
    if len(limits) == 1:
        return (QuotaWindow(key, limits[0]),)
    return tuple([QuotaWindow(key, limit) for limit in limits])


def counter_name(policy: AppliedPolicy) -> str:
    """What tells the windows of one policy of an API from those of another.

    With the type, because the platform numbers automated policies on their own.
    """
    return f"{policy.policy_type}/{policy.policy_id}"


def bounded_key(text: str) -> str:
    """The text, or its hash where a client made it so long that counters would eat memory."""
    if len(text) <= MAX_KEY_CHARS:
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def settlement(
    limits: tuple[RateLimit, ...], *, exposed: bool
) -> Callable[[QuotaState], Continue | Deny]:
    """Turns what a charge of these limits found into a verdict."""

    def settled(state: QuotaState) -> Continue | Deny:
        if not state.known:
            return QUOTA_UNKNOWN
        strictest = _strictest(limits, state) if exposed else None
        if not state.admitted:
            return _exceeded(state, strictest)
        return Continue(exposed_quota=strictest) if strictest else CONTINUE

    return settled


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
        headers=(("retry-after", str(retry_after_s)),),
        exposed_quota=exposed,
    )
