"""Who asks for a page, what they may do, and what the page is made from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Caller
from control_plane.accounts.roles import Permission
from control_plane.management.transaction import Actor, Transaction
from control_plane.services import Services
from control_plane.store.tables import Environment


@dataclass(frozen=True, slots=True)
class Asking:
    """A request by somebody who is logged in. `Answering` answers it."""

    request: Request
    services: Services
    caller: Caller
    token_id: int
    """The row of the session."""
    environments: Sequence[Environment]
    """Those that the caller has a role in."""
    environment: Environment | None
    """The one that the page is about, or that was visited last. None: the caller has none."""

    @property
    def address(self) -> str | None:
        """From where the request comes."""
        return self.request.client.host if self.request.client else None

    @property
    def user_id(self) -> int:
        """The user who is logged in."""
        assert self.caller.user_id is not None  # noqa: S101 - gateways have no sessions
        return self.caller.user_id

    @property
    def base_url(self) -> str:
        """The address of the control plane, for commands to copy."""
        return str(self.services.settings.public_url or self.request.base_url).rstrip("/")

    def now(self) -> datetime:
        """The time for dates in rows and on pages."""
        return self.services.clock.now()

    def may(self, permission: str) -> bool:
        """Whether the caller may do this in the environment that the page is about."""
        environment_id = None if self.environment is None else self.environment.id
        return self.caller.may(Permission(permission), environment_id)

    def may_everywhere(self, permission: str) -> bool:
        """Whether the caller may do this in the whole organization."""
        return self.caller.may(Permission(permission))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view of the database."""
        with self.services.database.read() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A write transaction of the caller, committed at the end; only in an `in_turn` page."""
        actor = Actor(self.caller.name, self.caller.role, self.address)
        with self.services.database.write() as session:
            yield Transaction(
                session, actor, self.caller.organization_id, self.now(), self.services.epochs
            )
