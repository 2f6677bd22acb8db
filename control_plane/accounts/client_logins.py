"""Logins of clients by client id and secret (RFC 6749, section 4.4), and the tokens that they give.

A client is a program with credentials of its own: a gateway or a connected app.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from anyio.to_thread import run_sync
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Caller
from control_plane.accounts.hashing import LoginHasher, token_hash
from control_plane.accounts.hashing_pool import HashingPool
from control_plane.accounts.local_throttle import LocalThrottle
from control_plane.clock import Clock, iso
from control_plane.errors import Unauthenticated
from control_plane.store.database import Database
from control_plane.store.tables import AccessToken, ConnectedApp, GatewayLogin
from control_plane.store.write_queue import WriteQueue

Client = GatewayLogin | ConnectedApp


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token, and for how long it is valid."""

    token: str
    lifetime: timedelta


class ClientLogins:
    """Checks the credentials of clients, gives them tokens, and recognises these."""

    def __init__(
        self,
        database: Database,
        writes: WriteQueue,
        hasher: LoginHasher,
        clock: Clock,
        *,
        lifetime: timedelta,
        max_tokens: int,
    ) -> None:
        """`max_tokens` are kept for each client; the oldest ones end first."""
        self._database = database
        self._writes = writes
        self._hasher = hasher
        self._pool = HashingPool()
        self._throttle = LocalThrottle()
        self._clock = clock
        self._lifetime = lifetime
        self._max_tokens = max_tokens

    async def log_in(self, client_id: str, secret: str, address: str | None = None) -> Issued:
        """A new token; raise Unauthenticated, TooManyLogins or Busy as `require` does."""
        client = await self.require(client_id, secret, address)
        return await self._writes.run(partial(self._issue, client))

    async def require(self, client_id: str, secret: str, address: str | None = None) -> Client:
        """The client; raise Unauthenticated for a wrong id, or likewise for a wrong secret.

        Raise it also if the secret has ended. Raise TooManyLogins after too many wrong secrets of a
        connected app, or if too many logins wait.
        """
        client = await run_sync(self._found, client_id)
        stored = None if client is None else client.secret_hash
        with self._limited(client, address):
            check = partial(self._hasher.matches, secret, stored)
            if not await self._pool.run(check) or client is None:
                # Without the id: it may be a secret in the wrong field.
                structlog.get_logger().warning("access.login_refused", who="client")
                raise Unauthenticated("unknown client_id or wrong client_secret")
        ends_at = _end(client)
        if ends_at is not None and ends_at <= self._clock.now():
            raise Unauthenticated(
                f"this client_secret ended at {iso(ends_at)}; create another connected app"
            )
        return client

    @contextmanager
    def _limited(self, client: Client | None, address: str | None) -> Iterator[None]:
        """Count wrong secrets of a connected app.

        Those of gateways are not counted: one adapter with an old secret must not keep the others
        at its address out. Secrets have 256 random bits, so nobody guesses them.
        """
        if not isinstance(client, ConnectedApp):
            yield
            return
        now = self._clock.now()
        with self._throttle.attempt(client.client_id, address, now):
            try:
                yield
            except Unauthenticated:
                self._throttle.failed(client.client_id, address, now)
                raise
            self._throttle.succeeded(client.client_id)

    def _found(self, client_id: str) -> Client | None:
        if "\0" in client_id:  # PostgreSQL refuses to look for it.
            return None
        app = select(ConnectedApp).where(ConnectedApp.client_id == client_id)
        with self._database.read() as session:
            return session.get(GatewayLogin, client_id) or session.scalars(app).one_or_none()

    def _issue(self, client: Client) -> Issued:
        token, now = secrets.token_urlsafe(32), self._clock.now()
        expires_at = min(now + self._lifetime, _end(client) or now + self._lifetime)
        row = AccessToken(token_hash=token_hash(token), expires_at=expires_at)
        with self._database.write() as session:
            known: Client | None
            if isinstance(client, GatewayLogin):
                row.login_name = client.name
                known = session.get(GatewayLogin, client.name)
            else:
                row.app_id = client.id
                known = session.get(ConnectedApp, client.id)
            if known is None:
                raise Unauthenticated("these client credentials were revoked just now")
            known.used_at = now
            self._make_room(session, client, now)
            session.add(row)
        return Issued(token, expires_at - now)

    def _make_room(self, session: Session, client: Client, now: datetime) -> None:
        """Delete tokens that have ended, and the client's oldest ones."""
        own = _tokens_of(client)
        newest = (
            select(AccessToken.token_hash)
            .where(own)
            .order_by(AccessToken.expires_at.desc())
            .limit(self._max_tokens - 1)
        )
        old = own & AccessToken.token_hash.not_in(newest)
        session.execute(delete(AccessToken).where((AccessToken.expires_at <= now) | old))

    def caller(self, token: str) -> Caller | None:
        """Whom a token belongs to; None if it is no valid token of a client."""
        query = select(AccessToken).where(
            AccessToken.token_hash == token_hash(token), AccessToken.expires_at > self._clock.now()
        )
        with self._database.read() as session:
            row = session.scalars(query).one_or_none()
        if row is None:
            return None
        if row.gateway is not None:
            return Caller.of_gateway(row.gateway)
        return None if row.app is None else Caller.of_app(row.app)

    def close(self) -> None:
        """End the threads that hash."""
        self._pool.close()


def _end(client: Client) -> datetime | None:
    return client.expires_at if isinstance(client, ConnectedApp) else None


def _tokens_of(client: Client) -> ColumnElement[bool]:
    if isinstance(client, GatewayLogin):
        return AccessToken.login_name == client.name
    return AccessToken.app_id == client.id
