"""Passwords: how they are kept, and how guesses at them are slowed down."""

import asyncio
import hashlib
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.accounts.local_throttle import MAX_KEYS, LocalThrottle
from control_plane.accounts.login_limits import PER_ADDRESS, PER_USER, PERIOD
from control_plane.errors import TooManyLogins
from control_plane.store.tables import User
from tests.control_plane.conftest import Platform
from tests.rig.hashing import quick_hasher

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def _hash_of_before(password: str) -> str:
    """What programs from before Argon2 stored."""
    salt = bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2, r=8, p=1, dklen=32)
    return f"{salt.hex()}${digest.hex()}"


async def test_an_old_hash_is_replaced_at_the_next_login(platform: Platform) -> None:
    """Nobody has to choose a new password after an upgrade."""
    database = platform.services.database
    with database.write() as session:
        session.get_one(User, 1).password_hash = _hash_of_before("of before")
    for password, status in (("wrong", 401), ("of before", 200), ("of before", 200)):
        login = {"username": "admin", "password": password}
        assert (await platform.anyone.post("/accounts/login", json=login)).status_code == status
        with database.read() as session:
            new = (session.get_one(User, 1).password_hash or "").startswith("$argon2id$")
        assert new is (status == 200)


def test_a_hash_with_other_costs_is_outdated() -> None:
    """A later version of the program may ask for more."""
    hasher = quick_hasher()
    assert not hasher.is_outdated(hasher.hash("x"))
    assert hasher.is_outdated("$argon2id$v=19$m=16,t=1,p=1$c29tZXNhbHQ$ZGlnZXN0ZGlnZXN0")
    assert not hasher.matches("x", "$argon2id$damaged")


def _attempt(throttle: LocalThrottle, name: str, address: str | None, now: datetime) -> None:
    with throttle.attempt(name, address, now):
        """Nothing is counted: the password is right."""


def _failures(throttle: LocalThrottle, number: int, address: str = "10.0.0.1") -> None:
    for each in range(number):
        throttle.failed(f"user-{each}", address, NOW)


def test_an_address_has_to_wait_too() -> None:
    """Guesses at many users from one place are slowed down, and no other place is."""
    throttle = LocalThrottle()
    _failures(throttle, PER_ADDRESS - 1)
    _attempt(throttle, "ann", "10.0.0.1", NOW)
    _failures(throttle, 1)
    with pytest.raises(TooManyLogins, match="wait 15 minutes"):
        _attempt(throttle, "ann", "10.0.0.1", NOW)
    _attempt(throttle, "ann", "10.0.0.2", NOW)
    _attempt(throttle, "ann", None, NOW)
    _attempt(throttle, "ann", "10.0.0.1", NOW + PERIOD)


def test_all_addresses_of_an_ipv6_network_are_one() -> None:
    """Who has one of them has all of them."""
    throttle = LocalThrottle()
    _failures(throttle, PER_ADDRESS, "2001:db8::1")
    with pytest.raises(TooManyLogins):
        _attempt(throttle, "ann", "2001:db8::2", NOW)
    _attempt(throttle, "ann", "2001:db8:0:1::2", NOW)
    _failures(throttle, PER_ADDRESS, "no address")
    with pytest.raises(TooManyLogins):
        _attempt(throttle, "ann", "no address", NOW)


def test_the_wait_becomes_shorter() -> None:
    """The message says for how long."""
    throttle = LocalThrottle()
    for each in range(PER_USER):
        throttle.failed("ann", None, NOW + timedelta(seconds=each))
    with pytest.raises(TooManyLogins, match="wait a minute") as refused:
        _attempt(throttle, "Ann", None, NOW + PERIOD - timedelta(seconds=30))
    assert refused.value.retry_after_s == 31
    _attempt(throttle, "ann", None, NOW + PERIOD)


def test_a_right_password_clears_the_user_but_not_the_address() -> None:
    """Otherwise one known password would make room for guesses at others."""
    throttle = LocalThrottle()
    for _ in range(PER_USER):
        throttle.failed("ann", "10.0.0.1", NOW)
    throttle.succeeded("ann")
    _attempt(throttle, "ann", "10.0.0.1", NOW)
    _failures(throttle, PER_ADDRESS - PER_USER)
    with pytest.raises(TooManyLogins):
        _attempt(throttle, "ann", "10.0.0.1", NOW)


def test_the_memory_is_bounded() -> None:
    """A flood of names forgets the oldest, and never the address that sends it."""
    throttle = LocalThrottle()
    _failures(throttle, MAX_KEYS + 100)
    assert len(throttle._failures) == MAX_KEYS
    with pytest.raises(TooManyLogins):
        _attempt(throttle, "ann", "10.0.0.1", NOW)


def test_passwords_that_are_being_checked_count_until_they_are_right() -> None:
    """A user logs in from many places at once, but guesses at once are no way around the limit."""
    throttle = LocalThrottle()
    throttle.failed("ann", None, NOW)
    with ExitStack() as under_way:
        for _ in range(PER_USER - 1):
            under_way.enter_context(throttle.attempt("Ann", None, NOW))
        with pytest.raises(TooManyLogins, match="too many logins at once") as refused:
            _attempt(throttle, "ann", None, NOW)
        assert refused.value.retry_after_s == 2
        _attempt(throttle, "bob", None, NOW)
    _attempt(throttle, "ann", None, NOW)
    assert not throttle._under_way


def test_an_address_can_not_pass_its_limit_at_once() -> None:
    """Guesses at many users under way count for their address."""
    throttle = LocalThrottle()
    with ExitStack() as under_way:
        for each in range(PER_ADDRESS):
            under_way.enter_context(throttle.attempt(f"user-{each}", "10.0.0.1", NOW))
        with pytest.raises(TooManyLogins):
            _attempt(throttle, "ann", "10.0.0.1", NOW)
        _attempt(throttle, "ann", "10.0.0.2", NOW)


async def test_wrong_logins_at_once_are_checked_no_more_often_than_one_by_one(
    platform: Platform,
) -> None:
    """The limit is for the passwords that are checked, however they arrive."""
    wrong = {"username": "admin", "password": "wrong"}
    statuses = []
    for _ in range(4):
        logins = (platform.anyone.post("/accounts/login", json=wrong) for _ in range(15))
        statuses += [answer.status_code for answer in await asyncio.gather(*logins)]
    assert statuses.count(401) == PER_USER
    assert statuses.count(429) == 60 - PER_USER
