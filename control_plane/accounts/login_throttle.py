"""Slows guesses down: after some wrong passwords, a user or an address has to wait.

The counts are in the database, so all control planes on it count together. They are bounded in
number, and forgotten after a while.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from anyio.to_thread import run_sync
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from control_plane.accounts.login_limits import PERIOD, limits_of, require_room
from control_plane.errors import Refused
from control_plane.store.database import Database
from control_plane.store.tables import LoginAttempt
from control_plane.store.write_queue import WriteQueue

_CHECKED_BY: Final = timedelta(minutes=1)
"""A password that has been checked for longer counts as wrong: its process has ended."""
MAX_ROWS: Final = 100_000
"""Attempts that are counted. The oldest are forgotten first."""


@dataclass(slots=True)
class Attempt:
    """A login whose password is being checked."""

    user: int
    """The key of the user."""
    ids: Sequence[int]
    """Its rows: one of the user, and one of the address if that is known."""
    is_right: bool = False
    """Whether the password was right. The code that checks it sets this."""


class LoginThrottle:
    """Counts wrong passwords by user name and by network address."""

    def __init__(self, database: Database, writes: WriteQueue) -> None:
        self._database = database
        self._writes = writes

    @asynccontextmanager
    async def attempt(
        self, name: str, address: str | None, now: datetime
    ) -> AsyncIterator[Attempt]:
        """Check a password inside; raise TooManyLogins if the user or the address has to wait."""
        limits = {_key(text): most for text, most in limits_of(name, address).items()}
        # First without the write lock: a flood of logins that have to wait writes nothing.
        await run_sync(self._require_room, limits, now)
        attempt = await self._writes.run(partial(self._begin, limits, now))
        try:
            yield attempt
        except Refused:  # The password was not checked.
            await self._writes.run(partial(self._forget, attempt))
            raise
        end = self._succeed if attempt.is_right else self._fail
        await self._writes.run(partial(end, attempt))

    def _require_room(self, limits: Mapping[int, int], now: datetime) -> None:
        with self._database.read() as session:
            _require_room(session, limits, now)

    def _begin(self, limits: Mapping[int, int], now: datetime) -> Attempt:
        with self._database.write() as session:
            _require_room(session, limits, now)
            rows = [LoginAttempt(key=key, at=now, is_wrong=False) for key in limits]
            session.add_all(rows)
            session.flush()
            newest = max(row.id for row in rows)
            old = (LoginAttempt.at <= now - PERIOD) | (LoginAttempt.id <= newest - MAX_ROWS)
            session.execute(delete(LoginAttempt).where(old))
            return Attempt(next(iter(limits)), [row.id for row in rows])

    def _fail(self, attempt: Attempt) -> None:
        with self._database.write() as session:
            own = LoginAttempt.id.in_(attempt.ids)
            session.execute(update(LoginAttempt).where(own).values(is_wrong=True))

    def _succeed(self, attempt: Attempt) -> None:
        """Forget the user's failures. Those of the address stay: its guesses may go on."""
        with self._database.write() as session:
            done = LoginAttempt.id.in_(attempt.ids) | (
                (LoginAttempt.key == attempt.user) & LoginAttempt.is_wrong
            )
            session.execute(delete(LoginAttempt).where(done))

    def _forget(self, attempt: Attempt) -> None:
        with self._database.write() as session:
            session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(attempt.ids)))


def _require_room(session: Session, limits: Mapping[int, int], now: datetime) -> None:
    recent = select(LoginAttempt).where(
        LoginAttempt.key.in_(limits), LoginAttempt.at > now - PERIOD
    )
    rows = session.scalars(recent.order_by(LoginAttempt.at)).all()
    for key, most in limits.items():
        own = [row for row in rows if row.key == key]
        wrong = [row.at for row in own if row.is_wrong or now - row.at > _CHECKED_BY]
        require_room(wrong, len(own) - len(wrong), most, now)


def _key(text: str) -> int:
    """A number for the text. People type passwords into the field for the name.

    Forty bits hardly ever stand for two users, and too many texts have the same to find out which
    one was typed.
    """
    return int.from_bytes(hashlib.sha256(text.encode(errors="replace")).digest()[:5])
