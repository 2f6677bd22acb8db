"""Logins of users, and the tokens that they give. Recognises the tokens of all callers."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from anyio.to_thread import run_sync
from sqlalchemy import delete, select

from control_plane.accounts import user_tokens
from control_plane.accounts.callers import Caller
from control_plane.accounts.client_logins import ClientLogins
from control_plane.accounts.hashing import LoginHasher, token_hash
from control_plane.accounts.hashing_pool import HashingPool
from control_plane.accounts.login_throttle import LoginThrottle
from control_plane.accounts.user_tokens import Kind, Lifetimes
from control_plane.clock import Clock
from control_plane.errors import Busy, Unauthenticated
from control_plane.store.database import Database
from control_plane.store.tables import User, UserToken
from control_plane.store.write_queue import WriteQueue

_BEARER_KINDS: Final = (Kind.ACCESS, Kind.PERSONAL)


@dataclass(frozen=True, slots=True)
class Origin:
    """From where somebody logs in: the network address, and the browser if it is one."""

    address: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whom a valid token belongs to, and the id of its row if it is a user's."""

    caller: Caller
    token_id: int | None = None


class Access:
    """Gives out tokens and recognises them."""

    def __init__(
        self,
        database: Database,
        writes: WriteQueue,
        hasher: LoginHasher,
        clock: Clock,
        *,
        lifetimes: Lifetimes | None = None,
        max_tokens_per_login: int = 1000,
    ) -> None:
        """`max_tokens_per_login` tokens are kept for each login; the oldest ones end first."""
        self._database = database
        self._writes = writes
        self._hasher = hasher
        # Clients have another pool, so that guesses at a user's password do not delay gateways.
        self._pool = HashingPool()
        self._throttle = LoginThrottle(database, writes)
        self._clock = clock
        self.lifetimes = lifetimes or Lifetimes()
        self._max_tokens = max_tokens_per_login
        self.clients = ClientLogins(
            *(database, writes, hasher, clock),
            lifetime=self.lifetimes.access,
            max_tokens=max_tokens_per_login,
        )

    async def log_in_user(self, name: str, password: str, kind: Kind, origin: Origin) -> str:
        """A new token of this kind; raise Unauthenticated for a wrong name or password.

        Raise TooManyLogins after too many wrong passwords. Raise it, or Busy, also if a queue on
        the way is full.
        """
        user = await self._authenticated(name, password, origin)
        if user is None or user.password_hash is None:
            # Without the name: people type passwords into the wrong field.
            structlog.get_logger().warning("access.login_refused", who="user")
            raise Unauthenticated("unknown name or wrong secret")
        new_hash = None
        if self._hasher.is_outdated(user.password_hash):
            new_hash = await self.hash_password(password)
        return await self._writes.run(partial(self._issue_to_user, user.id, kind, origin, new_hash))

    async def _authenticated(self, name: str, password: str, origin: Origin) -> User | None:
        """The user if the password is right; raise TooManyLogins after too many wrong ones."""
        now = self._clock.now()
        async with self._throttle.attempt(name, origin.address, now) as attempt:
            user = await run_sync(self._user, name)
            stored = user.password_hash if user is not None and user.enabled else None
            check = partial(self._hasher.matches, password, stored)
            attempt.is_right = await self._pool.run(check)
        return user if attempt.is_right else None

    async def hash_password(self, password: str) -> str:
        """The hash to store of a new password; raise TooManyLogins if the queue is full."""
        return await self._pool.run(partial(self._hasher.hash, password))

    async def is_password(self, name: str, password: str, origin: Origin) -> bool:
        """Whether this is the user's password; raise TooManyLogins after too many wrong ones."""
        return await self._authenticated(name, password, origin) is not None

    def _user(self, name: str) -> User | None:
        if "\0" in name:
            return None
        with self._database.read() as session:
            return session.scalars(select(User).where(User.name == name.lower())).one_or_none()

    def _issue_to_user(
        self, user_id: int, kind: Kind, origin: Origin, new_hash: str | None = None
    ) -> str:
        now = self._clock.now()
        lifetime = self.lifetimes.session if kind is Kind.SESSION else self.lifetimes.access
        with self._database.write() as session:
            if new_hash is not None:
                session.get_one(User, user_id).password_hash = new_hash
            user_tokens.make_room(session, user_id, kind, now, self._max_tokens)
            _, token = user_tokens.issue(
                session,
                user_id,
                kind,
                now,
                lifetime,
                address=origin.address,
                agent=origin.agent,
            )
        return token

    async def caller(self, token: str) -> Caller:
        """Whom a bearer token belongs to; raise Unauthenticated if it is unknown or expired."""
        client = await run_sync(self.clients.caller, token)
        return client or (await self._of_user(token, _BEARER_KINDS)).caller

    async def session(self, token: str) -> Recognised:
        """Whom a browser's session belongs to; raise Unauthenticated if it has ended."""
        return await self._of_user(token, (Kind.SESSION,))

    async def begin_session(self, user_id: int, origin: Origin) -> str:
        """A new session of a user whom somebody else has recognised."""
        return await self._writes.run(partial(self._issue_to_user, user_id, Kind.SESSION, origin))

    async def end_session(self, token: str) -> None:
        """End a session, if it is one."""
        await self._writes.run(partial(self._delete_session, token))

    async def _of_user(self, token: str, kinds: tuple[Kind, ...]) -> Recognised:
        row = await run_sync(self._find, token, kinds)
        if row is None:
            raise Unauthenticated("unknown or expired token; get a new one")
        if self._clock.now() - row.used_at >= user_tokens.USED_GRAIN:
            await self._note_use(row.id)
        return Recognised(Caller.of_user(row.user), row.id)

    def _find(self, token: str, kinds: tuple[Kind, ...]) -> UserToken | None:
        now = self._clock.now()
        with self._database.read() as session:
            return user_tokens.find(session, token, kinds, now, self.lifetimes.idle)

    async def _note_use(self, token_id: int) -> None:
        """Write the use down. If that has to wait too long, the next use will be written."""
        try:
            await self._writes.run(partial(self._write_use, token_id))
        except Busy:
            structlog.get_logger().warning("access.use_not_noted")

    def _write_use(self, token_id: int) -> None:
        with self._database.write() as session:
            row = session.get(UserToken, token_id)
            if row is not None:
                row.used_at = self._clock.now()

    def _delete_session(self, token: str) -> None:
        ended = delete(UserToken).where(
            UserToken.token_hash == token_hash(token), UserToken.kind == Kind.SESSION
        )
        with self._database.write() as session:
            session.execute(ended)

    def close(self) -> None:
        """End the threads that hash."""
        self._pool.close()
        self.clients.close()
