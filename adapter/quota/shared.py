"""Counts on a shared store, and decides what happens while it is down."""

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, Protocol, TypeAlias

import structlog

from adapter.authorization.ports import QuotaStore
from adapter.errors import StoreError
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.runtime.backoff import Backoff
from adapter.runtime.clock import Clock, WallTime
from adapter.runtime.deferred import Deferred

WhenDown: TypeAlias = Literal["local", "deny", "allow"]

_FAILURES_TO_BREAK: Final = 3
_FIRST_PROBE_S: Final = 0.1
_LONGEST_PROBE_S: Final = 5.0

_DENIED: Final = QuotaState(
    False, (), (), unknown="the shared quota store is down, and quota.when_down is deny"
)


class ProbedQuotaStore(QuotaStore, Protocol):
    """A store on a server, which may fail."""

    @property
    def overloads(self) -> int:
        """Charges refused because their policy had used up its share of the windows."""

    async def probe(self) -> None:
        """Make a charge that counts for nobody; raises StoreError if that fails."""

    async def close(self) -> None:
        """Close the connections."""


@dataclass(frozen=True, slots=True)
class SharedQuotaStatus:
    """The state of the shared store, for operators."""

    available: bool
    when_down: WhenDown
    since: WallTime
    """When it became available or unavailable."""
    outages: int
    failed_charges: int
    """Charges that the store did not answer in time."""
    charges_without: int
    """Charges that `when_down` decided."""
    last_error: str = ""


class SharedQuotaStore:
    """A `QuotaStore` that counts on a server, for several processes.

    Charges that are `local` are counted in this process. After a few failures in a row the server
    counts as down. Then no charge is sent to it, so none waits, until a probe in the background
    succeeds. Meanwhile, and for each single charge that fails, `when_down` decides: `local` counts
    in this process, `allow` admits, and `deny` answers that the quota is unknown, which policies
    refuse.
    """

    def __init__(
        self,
        shared: ProbedQuotaStore,
        local: MemoryQuotaStore,
        clock: Clock,
        *,
        when_down: WhenDown,
    ) -> None:
        self._shared = shared
        self._local = local
        self._clock = clock
        self._when_down: WhenDown = when_down
        self._down = asyncio.Event()
        self._since = clock.now()
        self._failures_in_a_row = 0
        self._outages = 0
        self._failed_charges = 0
        self._charges_without = 0
        self._last_error = ""

    @property
    def status(self) -> SharedQuotaStatus:
        """For metrics, readiness details and the inspection page."""
        return SharedQuotaStatus(
            not self._down.is_set(),
            self._when_down,
            self._since,
            self._outages,
            self._failed_charges,
            self._charges_without,
            self._last_error,
        )

    @property
    def overloads(self) -> int:
        """Charges that the server refused, because their policy had used up its share."""
        return self._shared.overloads

    def charge(self, check_id: str, charge: Charge) -> QuotaState | Awaitable[QuotaState]:
        """See `QuotaStore.charge`."""
        if charge.local:
            return self._local.charge(check_id, charge)
        if self._down.is_set():
            return self._charge_without(check_id, charge)
        return Deferred(partial(self._charge_shared, check_id, charge))

    async def start(self) -> None:
        """Connect, so that no Check has to wait for it. A server that is down is no error here."""
        try:
            await self._shared.probe()
        except StoreError as e:
            self._break(e)

    async def run(self) -> None:
        """Run until cancelled: probe a server that is down, less and less often."""
        while True:
            await self._down.wait()
            backoff = Backoff(_FIRST_PROBE_S, _LONGEST_PROBE_S, random.random)
            while self._down.is_set():
                await self._clock.sleep(backoff.failed())
                await self._probe()

    async def close(self) -> None:
        """Close the connections."""
        await self._shared.close()

    async def _charge_shared(self, check_id: str, charge: Charge) -> QuotaState:
        try:
            outcome = self._shared.charge(check_id, charge)
            state = outcome if isinstance(outcome, QuotaState) else await outcome
        except StoreError as e:
            self._note_failure(e)
            return self._charge_without(check_id, charge)
        self._failures_in_a_row = 0
        return state

    def _charge_without(self, check_id: str, charge: Charge) -> QuotaState:
        self._charges_without += 1
        if self._when_down == "local" or (charge.must_count and self._when_down == "allow"):
            return self._local.charge(check_id, charge)
        if self._when_down == "allow":
            remaining = tuple([window[0] for window in charge.windows])
            return QuotaState(True, remaining, (0,) * len(remaining))
        return _DENIED

    def _note_failure(self, error: StoreError) -> None:
        self._failed_charges += 1
        self._failures_in_a_row += 1
        self._last_error = str(error)
        if self._failures_in_a_row >= _FAILURES_TO_BREAK and not self._down.is_set():
            self._break(error)

    def _break(self, error: StoreError) -> None:
        self._last_error = str(error)
        self._outages += 1
        self._since = self._clock.now()
        self._down.set()
        structlog.get_logger().error(
            "quota.store_down", error=str(error), when_down=self._when_down
        )

    async def _probe(self) -> None:
        try:
            await self._shared.probe()
        except StoreError as e:
            self._last_error = str(e)
            return
        down_s = round(self._clock.now() - self._since, 3)
        self._failures_in_a_row = 0
        self._since = self._clock.now()
        self._down.clear()
        structlog.get_logger().warning("quota.store_back", down_s=down_s)
