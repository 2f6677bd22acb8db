"""The Lease: who may work, and when another one may take over."""

from typing import Any

import pytest

from adapter.controller.core.resources import LEASE, Key
from adapter.controller.kubernetes.failures import ApiServerError
from adapter.controller.kubernetes.lease import Lease
from tests.rig.clock import ManualClock

_KEY = Key(LEASE, "adapter", "controller")


class LeaseStore:
    """An API server with one Lease at most. `failing` is raised by each request."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.failing: ApiServerError | None = None
        self.faster: str | None = None
        """Somebody who takes the Lease between reading and writing."""

    async def get(self, key: Key) -> Any:
        """The Lease."""
        self._fail()
        if self.lease is None:
            raise ApiServerError("no lease", 404)
        return dict(self.lease)

    async def create(self, resource: Any, namespace: str, content: Any) -> None:
        """A new one."""
        self._write(content)

    async def replace(self, key: Key, content: Any) -> None:
        """A changed one."""
        self._write(content)

    def _write(self, content: Any) -> None:
        self._fail()
        if self.faster:
            raise ApiServerError("the object has been modified", 409)
        self.lease = content

    def _fail(self) -> None:
        if self.failing:
            raise self.failing


def lease(store: LeaseStore, holder: str, clock: ManualClock) -> Lease:
    """The Lease as one controller sees it."""
    return Lease(store, _KEY, holder, clock)  # type: ignore[arg-type]


async def test_a_holder_that_died_is_followed_after_the_duration() -> None:
    """Counted from the last renewal that the other one has seen, on its own clock."""
    store, clock = LeaseStore(), ManualClock()
    dead, next_one = lease(store, "dead", clock), lease(store, "next", clock)
    await dead.try_once()
    for _ in range(3):
        await clock.sleep(5)
        await dead.try_once()
        await next_one.try_once()
    assert (dead.is_held, next_one.is_held) == (True, False)
    await clock.sleep(10)
    await next_one.try_once()
    assert (dead.is_held, next_one.is_held) == (False, False)
    await clock.sleep(5)
    await next_one.try_once()
    assert next_one.is_held
    assert store.lease is not None
    assert store.lease["spec"]["holderIdentity"] == "next"
    assert store.lease["spec"]["leaseTransitions"] == 1


async def test_the_holder_stops_before_others_may_begin() -> None:
    """It cannot renew: 10 s after the last renewal it stops, and 15 s after it another begins."""
    store, clock = LeaseStore(), ManualClock()
    holder = lease(store, "one", clock)
    await holder.try_once()
    store.failing = ApiServerError("down")
    await clock.sleep(9)
    assert holder.is_held
    with pytest.raises(ApiServerError):
        await holder.try_once()
    await clock.sleep(1)
    assert not holder.is_held


async def test_only_one_of_two_gets_a_free_lease() -> None:
    """The API server refuses the slower write, which is no failure."""
    store, clock = LeaseStore(), ManualClock()
    slow = lease(store, "slow", clock)
    store.faster = "fast"
    await slow.try_once()
    assert not slow.is_held


async def test_a_release_that_fails_is_no_failure() -> None:
    """Others take the Lease after its duration."""
    store, clock = LeaseStore(), ManualClock()
    holder = lease(store, "one", clock)
    await holder.release()
    assert store.lease is None
    await holder.try_once()
    store.failing = ApiServerError("down")
    await holder.release()
    assert not holder.is_held
    assert holder.last_error == "down"
