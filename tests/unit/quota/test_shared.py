"""The shared store's breaker, in virtual time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapter.errors import StoreError
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.policy.verdicts import CONTINUE
from adapter.quota.memory.store import MemoryQuotaStore
from support.defaults import shared_quotas
from tests.rig.clock import FakeClock
from tests.rig.quota import a_charge, made

CHARGE = a_charge(("k", 5, 3_600_000))
FOUND = QuotaState(True, (4,), (3_600_000,))


class FlakyStore:
    """A store elsewhere that fails when the test says so."""

    def __init__(self) -> None:
        self.failing = False
        self.charges = 0
        self.probes = 0
        self.closed = False

    async def charge(self, check_id: str, charge: Charge) -> QuotaState:
        """See `QuotaStore.charge`."""
        self.charges += 1
        self._fail()
        return FOUND

    @property
    def overloads(self) -> int:
        """See `ProbedQuotaStore.overloads`."""
        return 0

    async def probe(self) -> None:
        """See `ProbedQuotaStore.probe`."""
        self.probes += 1
        self._fail()

    async def close(self) -> None:
        """See `ProbedQuotaStore.close`."""
        self.closed = True

    def _fail(self) -> None:
        if self.failing:
            raise StoreError("it is away")


class Rig:
    """A shared store that probes in the background."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.remote = FlakyStore()
        self.local = MemoryQuotaStore(self.clock, max_windows=1)
        self.store = shared_quotas(self.remote, self.local, self.clock)

    async def charged(self, times: int) -> None:
        """Charge so often."""
        for _ in range(times):
            await made(self.store.charge("", CHARGE))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """One whose store works at first."""
    rig = Rig()
    probing = asyncio.create_task(rig.store.run())
    yield rig
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)


async def test_a_few_failures_in_a_row_break(rig: Rig) -> None:
    """Then the store is left alone; each failed charge was counted here."""
    rig.remote.failing = True
    await rig.charged(4)
    assert rig.remote.charges == 3
    assert (len(rig.local), rig.local.charges) == (1, 4)
    status = rig.store.status
    assert (status.available, status.failed_charges, status.charges_without) == (False, 3, 4)
    assert status.last_error == "it is away"


async def test_a_failure_now_and_then_does_not_break(rig: Rig) -> None:
    """A single slow answer is no outage."""
    for failing in (True, True, False) * 5:
        rig.remote.failing = failing
        await rig.charged(1)
    assert rig.store.status.available
    assert rig.store.status.failed_charges == 10


async def test_what_must_be_counted_is_counted_here_when_others_are_admitted_uncounted() -> None:
    """A proof that nobody remembers could be used again."""
    clock = FakeClock()
    remote, local = FlakyStore(), MemoryQuotaStore(clock, max_windows=10)
    remote.failing = True
    store = shared_quotas(remote, local, clock, when_down="allow")
    once = Charge(((1, 1_000, "7", "jwt/1", "proof"),), lambda _: CONTINUE, must_count=True)
    assert (await made(store.charge("1", once))).admitted
    assert not (await made(store.charge("2", once))).admitted
    assert (await made(store.charge("3", CHARGE))).admitted
    assert len(local) == 1


async def test_a_working_store_is_not_probed(rig: Rig) -> None:
    """Probes are for outages."""
    await rig.charged(3)
    await rig.clock.advance(3_600)
    assert rig.remote.probes == 0


async def test_a_dead_store_is_probed_ever_less_often(rig: Rig) -> None:
    """At most every few seconds, for as long as it takes."""
    rig.remote.failing = True
    await rig.charged(3)
    await rig.clock.advance(1)
    assert 3 <= rig.remote.probes <= 8
    before = rig.remote.probes
    await rig.clock.advance(1_000)
    assert 200 <= rig.remote.probes - before <= 410


async def test_it_is_used_again_after_the_first_good_probe(rig: Rig) -> None:
    """Nobody has to do anything, and a later outage counts anew."""
    for outage in (1, 2):
        rig.remote.failing = True
        await rig.charged(3)
        since = rig.store.status.since
        rig.remote.failing = False
        await rig.clock.advance(10)
        assert await made(rig.store.charge("", CHARGE)) == FOUND
        status = rig.store.status
        assert (status.available, status.outages) == (True, outage)
        assert status.since > since


async def test_no_room_here_is_no_failure_there(rig: Rig) -> None:
    """What cannot be counted anywhere is not admitted."""
    rig.remote.failing = True
    await rig.charged(3)
    assert (await made(rig.store.charge("", a_charge(("another", 5, 3_600_000))))).unknown


async def test_close_closes_the_store(rig: Rig) -> None:
    """Connections end with the adapter."""
    await rig.store.close()
    assert rig.remote.closed
