"""Tokens: given out for logins, and recognised in later requests."""

import secrets
from datetime import timedelta
from functools import partial

import structlog
from anyio.to_thread import run_sync
from sqlalchemy import delete, select

from control_plane.accounts.callers import Caller, Role
from control_plane.accounts.hashing import LoginHasher, token_hash
from control_plane.accounts.hashing_pool import HashingPool
from control_plane.clock import Clock
from control_plane.errors import Unauthenticated
from control_plane.store.database import Database
from control_plane.store.tables import AccessToken, Login
from control_plane.store.write_queue import WriteQueue


class Access:
    """Gives out tokens and recognises them."""

    def __init__(
        self,
        database: Database,
        writes: WriteQueue,
        hasher: LoginHasher,
        clock: Clock,
        *,
        lifetime_s: int,
        max_tokens_per_login: int = 1000,
    ) -> None:
        """`max_tokens_per_login` tokens are kept for each login; the oldest ones end first."""
        self._database = database
        self._writes = writes
        self._hasher = hasher
        # One pool for each role, so that guesses at an admin's password do not delay gateways.
        self._pools = {role: HashingPool() for role in Role}
        self._clock = clock
        self.lifetime_s = lifetime_s
        self._max_tokens = max_tokens_per_login

    async def log_in(self, name: str, secret: str, role: Role) -> str:
        """A new token; raise Unauthenticated for a wrong name, or likewise for a wrong secret.

        Raise TooManyLogins or Busy if a queue on the way is full.
        """
        stored = await run_sync(self._stored_hash, name, role)
        if not await self._pools[role].run(partial(self._hasher.matches, secret, stored)):
            # Without the name: people type passwords into the wrong field.
            structlog.get_logger().warning("access.login_refused", role=role.value)
            raise Unauthenticated("unknown name or wrong secret")
        return await self._writes.run(partial(self._issue, name))

    def _stored_hash(self, name: str, role: Role) -> str | None:
        with self._database.read() as session:
            login = session.get(Login, name)
        return login.secret_hash if login is not None and login.role == role else None

    def _issue(self, login_name: str) -> str:
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        newest = (
            select(AccessToken.token_hash)
            .where(AccessToken.login_name == login_name)
            .order_by(AccessToken.expires_at.desc())
            .limit(self._max_tokens - 1)
        )
        with self._database.write() as session:
            session.execute(delete(AccessToken).where(AccessToken.expires_at <= now))
            session.execute(
                delete(AccessToken).where(
                    AccessToken.login_name == login_name, AccessToken.token_hash.not_in(newest)
                )
            )
            session.add(
                AccessToken(
                    token_hash=token_hash(token),
                    login_name=login_name,
                    expires_at=now + timedelta(seconds=self.lifetime_s),
                )
            )
        return token

    def close(self) -> None:
        """End the threads that hash."""
        for pool in self._pools.values():
            pool.close()

    def caller(self, token: str) -> Caller:
        """The login that `token` belongs to; raise Unauthenticated if it is unknown or expired."""
        query = (
            select(Login)
            .join(AccessToken, AccessToken.login_name == Login.name)
            .where(
                AccessToken.token_hash == token_hash(token),
                AccessToken.expires_at > self._clock.now(),
            )
        )
        with self._database.read() as session:
            login = session.scalars(query).one_or_none()
        if login is None:
            raise Unauthenticated("unknown or expired token; get a new one")
        return Caller(login.name, Role(login.role), login.organization_id, login.environment_id)
