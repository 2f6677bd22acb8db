"""Callers: who holds a token, and what a caller of each role may reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.errors import Forbidden, NotFound
from control_plane.store.tables import Environment, Organization


class Role(StrEnum):
    """What a login is for."""

    ADMIN = "admin"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Caller:
    """The login that a valid token belongs to.

    A gateway may use one environment, an admin all environments of the organization.
    """

    name: str
    role: Role
    organization_id: str
    environment_id: str | None

    def require_admin(self) -> None:
        """Raise Forbidden unless this is an admin."""
        if self.role is not Role.ADMIN:
            raise Forbidden("this needs an admin's token; a gateway may only read and send events")

    def require_organization(self, organization_id: str) -> None:
        """Raise NotFound for any organization but the caller's own."""
        if organization_id != self.organization_id:
            raise NotFound(f"organization {organization_id!r} not found")

    def require_environment(self, environment_id: str, session: Session) -> None:
        """Raise NotFound for an environment that the caller may not use."""
        if self.environment_id is None:
            environment = session.get(Environment, environment_id)
            own = environment is not None and environment.organization_id == self.organization_id
        else:
            own = environment_id == self.environment_id
        if not own:
            raise NotFound(f"environment {environment_id!r} not found")

    def organization(self, session: Session) -> Organization:
        """The caller's organization."""
        return session.get_one(Organization, self.organization_id)

    def environments(self, session: Session) -> Sequence[Environment]:
        """The environments that the caller may use."""
        found = select(Environment).where(Environment.organization_id == self.organization_id)
        if self.environment_id is not None:
            found = found.where(Environment.id == self.environment_id)
        return session.scalars(found.order_by(Environment.name)).all()
