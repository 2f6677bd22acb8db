"""What the use case needs from the outside world; the edges implement it."""

from collections.abc import Awaitable, Iterable
from typing import Protocol

from adapter.policy.effects.log import LogMessage
from adapter.policy.effects.quota import Charge, QuotaState, Throttle
from adapter.policy.effects.token import Introspect, IntrospectionState, TokenState, VerifyToken
from adapter.policy.effects.user import Authenticate, Verification
from adapter.runtime.clock import WallTime


class PlatformContact(Protocol):
    """Tells how fresh the snapshot is. Checks ask it, so it must be fast."""

    @property
    def reached_platform(self) -> bool:
        """Whether the platform has sent a good response since the start."""

    def awaits(self, api_id: str) -> bool:
        """Whether an API that is not in the snapshot may still be on its way from the platform."""

    def synced_at(self, api_id: str) -> WallTime | None:
        """When the platform last confirmed our copy of that API; may be before the start."""


class QuotaStore(Protocol):
    """Counts requests in quota windows.

    `charge` charges every window of the charge, or none if one is full. It returns the state at
    once if the counters are in this process, else an awaitable of it. A `check_id` is charged once
    for the same windows, however often Envoy retries the Check. If the charge asks for no figures,
    the state may leave them out.

    A charge that needs more counters than the share of its policy gets a state with `unknown` set,
    not an error: clients who invent keys are then denied, even if the operator lets Envoy allow
    requests after failures. Raises StoreError if the store cannot count.
    """

    def charge(self, check_id: str, charge: Charge) -> QuotaState | Awaitable[QuotaState]:
        """Charge the windows, and return their state."""


class Throttler(Protocol):
    """Smooths spikes, in this process only.

    `throttle` returns the state at once if there is room or waiting is not allowed, else an
    awaitable that tries again. A `check_id` is admitted once, however often Envoy retries.
    """

    def throttle(
        self, check_id: str, throttle: Throttle, wait_at_most_s: float | None
    ) -> QuotaState | Awaitable[QuotaState]:
        """Admit or not. With None, the request may wait without limit."""


class MessageLog(Protocol):
    """Takes the messages of message-logging policies."""

    def offer(self, messages: Iterable[LogMessage]) -> None:
        """Take messages without waiting. If there is no room, they are dropped and counted."""


class UserVerifier(Protocol):
    """Authenticates users against LDAP servers."""

    def verify(
        self, wanted: Authenticate, wait_at_most_s: float | None
    ) -> Verification | Awaitable[Verification]:
        """Return at once what is remembered, or else an awaitable that asks the server.

        `wait_at_most_s` is the time that Envoy leaves for the Check; None if it did not say. Raises
        OverloadError if the server is asked too much already, and ProviderError if it gives no
        usable answer in time.
        """


class TokenVerifier(Protocol):
    """Says whether tokens are authentic, and valid now."""

    def verified_by_envoy(self, effect: VerifyToken, payload: object) -> TokenState | None:
        """Return the answer if this is the payload of the token, which Envoy verified; else None.

        The keys and algorithms of the policy do not count then.
        """

    def verify(self, effect: VerifyToken) -> TokenState | None:
        """Return the answer, or None if keys have to be fetched first."""

    def verify_later(
        self, effect: VerifyToken, wait_at_most_s: float | None
    ) -> Awaitable[TokenState]:
        """Fetch the keys and answer within that time. Checks that wait share one fetch."""


class TokenIntrospector(Protocol):
    """Asks identity providers whether tokens are active."""

    def introspect(
        self, effect: Introspect, wait_at_most_s: float | None
    ) -> IntrospectionState | Awaitable[IntrospectionState]:
        """Return at once what is remembered, or else an awaitable that asks the provider.

        `wait_at_most_s` is the time that Envoy leaves for the Check; None if it did not say. Raises
        OverloadError if too many tokens are being introspected, and ProviderError if the provider
        is down or too slow.
        """
