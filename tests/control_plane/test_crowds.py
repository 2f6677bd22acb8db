"""Many at once: logins and changes wait in queues of their own, and nobody else waits with them."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import islice
from pkgutil import iter_modules

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from control_plane import protocol
from control_plane.accounts.access import Access
from control_plane.accounts.hashing import LoginHasher
from control_plane.accounts.hashing_pool import HashingPool
from control_plane.app import create_app
from control_plane.errors import Busy, TooManyLogins
from control_plane.store.write_queue import WriteQueue
from tests.control_plane.conftest import Platform

DEADLINE_S = 30
MANY = 100  # more than the threads that serve requests


class SlowHasher(LoginHasher):
    """Guesses take until the test lets them go."""

    def __init__(self) -> None:
        super().__init__(memory_kib=8, passes=1)
        self.go_on = threading.Event()
        self.guesses = 0

    def matches(self, secret: str, stored: str | None) -> bool:
        """The guess, later."""
        self.guesses += 1
        assert self.go_on.wait(DEADLINE_S)
        return super().matches(secret, stored)


@pytest.fixture
def hasher() -> Iterator[SlowHasher]:
    """One that leaves no thread behind."""
    hasher = SlowHasher()
    yield hasher
    hasher.go_on.set()


def _client(platform: Platform, hasher: LoginHasher) -> httpx.AsyncClient:
    services = platform.services
    access = Access(*(services.database, services.writes, hasher, platform.clock))
    app = create_app(replace(services, access=access))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://platform.test")


async def test_a_flood_of_logins_is_refused_and_delays_nobody(
    platform: Platform, hasher: SlowHasher
) -> None:
    """Guesses beyond a short queue get 429; gateways poll and log in meanwhile."""
    guesses = [{"username": f"user-{each}", "password": "wrong"} for each in range(MANY)]
    async with _client(platform, hasher) as client:
        flood = [
            asyncio.ensure_future(client.post("/accounts/login", json=wrong)) for wrong in guesses
        ]
        for answer in islice(asyncio.as_completed(flood, timeout=DEADLINE_S), MANY - 17):
            response = await answer
            assert response.status_code == 429
            assert response.json().keys() == {"error", "message"}
            assert int(response.headers["Retry-After"]) > 0
        poll = client.get(platform.apis, headers=dict(platform.gateway.headers))
        assert (await asyncio.wait_for(poll, DEADLINE_S)).status_code == 200
        gateway = {
            "grant_type": "client_credentials",
            "client_id": platform.credentials.gateway_client_id,
            "client_secret": platform.credentials.gateway_client_secret,
        }
        token = asyncio.ensure_future(client.post("/accounts/oauth2/token", json=gateway))
        hasher.go_on.set()
        assert (await asyncio.wait_for(token, DEADLINE_S)).status_code == 200
        answers = await asyncio.gather(*flood)
    assert sorted(answer.status_code for answer in answers) == [401] * 17 + [429] * (MANY - 17)
    assert hasher.guesses == 18


async def test_logins_of_gateways_have_a_queue_of_their_own(
    platform: Platform, hasher: SlowHasher
) -> None:
    """Guesses at the admin's password keep no gateway from its token."""
    body = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    wrong = {"username": "admin", "password": "wrong"}
    async with _client(platform, hasher) as client:
        users = [
            asyncio.ensure_future(client.post("/accounts/login", json=wrong)) for _ in range(30)
        ]
        await asyncio.wait(users, timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
        gateway = asyncio.ensure_future(client.post("/accounts/oauth2/token", json=body))
        hasher.go_on.set()
        assert (await asyncio.wait_for(gateway, DEADLINE_S)).json()["error"] == "invalid_client"
        assert {answer.status_code for answer in await asyncio.gather(*users)} == {401, 429}


async def test_the_hashing_pool_has_room_again_after_a_failure() -> None:
    """A place is given back whatever becomes of the guess."""

    def fail() -> None:
        raise ValueError

    pool = HashingPool(threads=1, max_waiting=0)
    for _ in range(3):
        with pytest.raises(ValueError):  # noqa: PT011 - the one that is raised above
            await pool.run(fail)
    blocked = threading.Event()
    waiting = asyncio.ensure_future(pool.run(partial(blocked.wait, DEADLINE_S)))
    await asyncio.sleep(0)
    with pytest.raises(TooManyLogins):
        await pool.run(fail)
    blocked.set()
    assert await waiting
    pool.close()


async def test_writers_are_served_in_the_order_of_arrival() -> None:
    """Nobody is overtaken, however many come at once."""
    queue, order = WriteQueue(), list[int]()
    await asyncio.gather(*(queue.run(partial(order.append, number)) for number in range(MANY)))
    assert order == list(range(MANY))


async def test_a_crowd_of_writers_takes_no_thread_from_readers(platform: Platform) -> None:
    """While a hundred changes wait for a slow one, gateways poll."""
    started, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        started.set()
        assert go_on.wait(DEADLINE_S)

    slowest = asyncio.ensure_future(platform.services.writes.run(slow))
    crowd = [
        asyncio.ensure_future(platform.admin.create_application(str(number)))
        for number in range(MANY)
    ]
    assert await asyncio.to_thread(started.wait, DEADLINE_S)
    poll = platform.gateway.get(platform.apis)
    assert (await asyncio.wait_for(poll, DEADLINE_S)).status_code == 200
    assert not any(change.done() for change in crowd)
    go_on.set()
    await asyncio.gather(slowest, *crowd)
    listed = await platform.admin.ask("GET", platform.applications, limit=250)
    assert listed["total"] == MANY


async def test_writers_that_wait_too_long_or_too_many_are_told_to_come_back() -> None:
    """The wait is bounded, and so is the queue."""
    go_on = threading.Event()
    queue = WriteQueue(max_waiting=1, patience_s=0.05)
    slow = asyncio.ensure_future(queue.run(partial(go_on.wait, DEADLINE_S)))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(queue.run(int))
    await asyncio.sleep(0)
    with pytest.raises(Busy, match="too many") as refused:
        await queue.run(int)
    assert refused.value.retry_after_s
    with pytest.raises(Busy, match="took more than"):
        await second
    go_on.set()
    assert await slow
    assert await queue.run(int) == 0


def test_every_route_that_writes_waits_its_turn() -> None:
    """A route that wrote from the common threads would stand in readers' way."""
    routers = [
        router
        for found in iter_modules(protocol.__path__, f"{protocol.__name__}.")
        for router in vars(import_module(found.name)).values()
        if isinstance(router, APIRouter)
    ]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    # A comparison is asked for with a body, and changes nothing.
    writing = [
        route for route in routes if route.methods != {"GET"} and not route.path.endswith("/diff")
    ]
    assert len(writing) > 20
    for route in writing:
        assert asyncio.iscoroutinefunction(route.endpoint), route.path
