"""Recognises client applications by their client id and secret, for their own owners."""

import hmac
import secrets

from sqlalchemy import select

from control_plane.accounts.hashing import salted
from control_plane.accounts.local_throttle import LocalThrottle
from control_plane.clock import Clock
from control_plane.errors import Unauthenticated
from control_plane.settings import SecretForm
from control_plane.store.database import Database
from control_plane.store.tables import ClientApplication


class ApplicationLogins:
    """Checks secrets as gateways do. After some wrong ones, a client has to wait."""

    def __init__(self, database: Database, clock: Clock, form: SecretForm) -> None:
        self._database = database
        self._clock = clock
        self._form = form
        # Of its own: a client id must not keep the user of the same name out.
        self._throttle = LocalThrottle()
        self._nobody = salted(secrets.token_hex(), form)

    def application(self, client_id: str, secret: str, address: str | None) -> ClientApplication:
        """The application; raise Unauthenticated for a wrong id, or likewise for a wrong secret.

        Raise TooManyLogins after too many wrong ones. An imported application has its secret
        elsewhere, so it is refused.
        """
        now = self._clock.now()
        with self._throttle.attempt(client_id, address, now):
            found = self._found(client_id)
            if not self._matches(secret, found) or found is None:
                self._throttle.failed(client_id, address, now)
                raise Unauthenticated("unknown client id or wrong secret")
            self._throttle.succeeded(client_id)
            return found

    def _found(self, client_id: str) -> ClientApplication | None:
        if "\0" in client_id:  # PostgreSQL refuses to look for it.
            return None
        query = select(ClientApplication).where(ClientApplication.client_id == client_id)
        with self._database.read() as session:
            return session.scalars(query).one_or_none()

    def _matches(self, secret: str, application: ClientApplication | None) -> bool:
        """Takes the same time for every application, also for none."""
        salt, current = self._nobody
        previous = current
        known = application is not None and application.secret_hash is not None
        if application is not None and application.secret_salt and application.secret_hash:
            salt, current = application.secret_salt, application.secret_hash
            previous = self._previous(application) or current
        given = salted(secret, self._form, salt).hash
        matching = hmac.compare_digest(given, current) | hmac.compare_digest(given, previous)
        return known and matching

    def _previous(self, application: ClientApplication) -> str | None:
        """The hash of the secret before a rotation, while the overlap lasts."""
        ends_at = application.overlap_ends_at
        if ends_at is None or ends_at <= self._clock.now():
            return None
        return application.previous_secret_hash
