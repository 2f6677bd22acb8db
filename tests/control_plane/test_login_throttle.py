"""Wrong passwords are counted in the database, by all control planes on it together."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from control_plane.accounts import login_throttle
from control_plane.accounts.login_limits import PER_ADDRESS, PER_USER, PERIOD
from control_plane.accounts.login_throttle import MAX_ROWS, LoginThrottle
from control_plane.database_address import parse_address
from control_plane.errors import Busy, TooManyLogins
from control_plane.store.database import Database
from control_plane.store.schema import CONFIGURATION
from control_plane.store.tables import LoginAttempt
from control_plane.store.write_queue import WriteQueue

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ADDRESS = "10.0.0.1"

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def opened(database: str) -> Iterator[Database]:
    """The database, with its tables."""
    with closing(Database(parse_address(database), CONFIGURATION)) as opened:
        yield opened


@pytest.fixture
def throttle(opened: Database) -> LoginThrottle:
    """The throttle of one process."""
    return LoginThrottle(opened, WriteQueue())


async def log_in(
    throttle: LoginThrottle,
    name: str = "ann",
    *,
    right: bool = False,
    address: str = ADDRESS,
    now: datetime = NOW,
) -> None:
    """A login with a right or a wrong password."""
    async with throttle.attempt(name, address, now) as attempt:
        attempt.is_right = right


def rows(database: Database) -> int:
    """How many attempts are stored."""
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(LoginAttempt)) or 0


async def test_two_processes_count_together(database: str, throttle: LoginThrottle) -> None:
    """Guesses that are spread over them have the same limit."""
    with closing(Database(parse_address(database), CONFIGURATION)) as again:
        other = LoginThrottle(again, WriteQueue())
        for number in range(PER_USER):
            await log_in((throttle, other)[number % 2])
        for each in (throttle, other):
            with pytest.raises(TooManyLogins, match="wait 15 minutes"):
                await log_in(each, "Ann", right=True)
        await log_in(other, "bob")
        await log_in(other, right=True, now=NOW + PERIOD)


@on_sqlite
async def test_a_right_password_clears_the_user_but_not_the_address(
    throttle: LoginThrottle,
) -> None:
    """Otherwise one known password would make room for guesses at others."""
    for _ in range(PER_USER - 1):
        await log_in(throttle)
    await log_in(throttle, right=True)
    for number in range(PER_ADDRESS - PER_USER + 1):
        await log_in(throttle, f"user-{number}")
    with pytest.raises(TooManyLogins):
        await log_in(throttle, right=True)
    await log_in(throttle, right=True, address="10.0.0.2")


@on_sqlite
async def test_passwords_that_are_being_checked_count(throttle: LoginThrottle) -> None:
    """Guesses at once are no way around the limit. A process that ended frees its own as wrong."""
    async with AsyncExitStack() as under_way:
        for _ in range(PER_USER):
            attempt = await under_way.enter_async_context(throttle.attempt("ann", None, NOW))
            attempt.is_right = True
        with pytest.raises(TooManyLogins, match="too many logins at once"):
            await log_in(throttle)
        with pytest.raises(TooManyLogins, match="wait 13 minutes"):
            await log_in(throttle, now=NOW + timedelta(minutes=2))
    await log_in(throttle, right=True)


@on_sqlite
async def test_a_login_that_was_not_checked_does_not_count(
    throttle: LoginThrottle, opened: Database
) -> None:
    """The queue of hashes may be full."""
    with pytest.raises(Busy):
        async with throttle.attempt("ann", ADDRESS, NOW):
            raise Busy("too many logins")
    assert rows(opened) == 0


@on_sqlite
async def test_what_is_stored_is_bounded(throttle: LoginThrottle, opened: Database) -> None:
    """Old attempts are forgotten, and the oldest of very many."""
    await log_in(throttle)
    await log_in(throttle, now=NOW + PERIOD)
    assert rows(opened) == 2
    with opened.write() as session:
        far = {"id": MAX_ROWS + 2, "key": 1, "at": NOW + PERIOD, "is_wrong": True}
        session.execute(insert(LoginAttempt), [far])
    await log_in(throttle, "bob", now=NOW + PERIOD)
    assert rows(opened) == 3


def test_what_was_typed_can_not_be_found_out() -> None:
    """People type passwords into the field for the name, so only 40 bits of a hash are kept."""
    assert login_throttle._key("user hunter2") < 2**40
