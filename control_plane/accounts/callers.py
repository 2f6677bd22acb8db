"""Callers: who asks, with which roles, and what they permit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.accounts.roles import PERMISSIONS, Permission, Role, roles_with
from control_plane.errors import Forbidden, NotFound
from control_plane.store.tables import (
    ConnectedApp,
    Environment,
    GatewayLogin,
    Organization,
    User,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, a gateway or a connected app that has shown a valid token."""

    name: str
    organization_id: str
    roles: Mapping[str | None, Role]
    """The role in each environment; under None, the role in all of them."""
    user_id: int | None = None
    """None for a client."""
    client_id: str | None = None
    """None for a user."""

    @classmethod
    def of_user(cls, user: User) -> "Caller":
        """A user, with the roles that the user has now."""
        roles = {grant.environment_id: Role(grant.role) for grant in user.grants}
        return cls(user.name, user.organization_id, roles, user.id)

    @classmethod
    def of_gateway(cls, login: GatewayLogin) -> "Caller":
        """A gateway, which may use one environment."""
        roles: dict[str | None, Role] = {login.environment_id: Role.GATEWAY}
        return cls(login.name, login.organization_id, roles, client_id=login.name)

    @classmethod
    def of_app(cls, app: ConnectedApp) -> "Caller":
        """A connected app. Names of users have no spaces, so its name can't be taken for one."""
        roles = {grant.environment_id: Role(grant.role) for grant in app.grants}
        name = f"connected app {app.name}"
        return cls(name, app.organization_id, roles, client_id=app.client_id)

    @property
    def role(self) -> str:
        """The highest role anywhere: what the audit log notes. Empty for a user without any."""
        return max(self.roles.values(), key=[*Role].index) if self.roles else ""

    def role_in(self, environment_id: str | None) -> Role | None:
        """The role in the environment; for None, the role in the whole organization."""
        found = [self.roles[key] for key in {environment_id, None} if key in self.roles]
        return max(found, key=[*Role].index, default=None)

    def may(self, permission: Permission, environment_id: str | None = None) -> bool:
        """Whether the caller may do this in the environment, or, for None, in all of them."""
        role = self.role_in(environment_id)
        return role is not None and permission in PERMISSIONS[role]

    def require(self, permission: Permission, environment_id: str | None = None) -> None:
        """Raise Forbidden, which names the permission, unless the caller may do this."""
        if not self.may(permission, environment_id):
            role = self.role_in(environment_id) or "none"
            where = "this environment" if environment_id else "all environments"
            having = " or ".join(roles_with(permission)) or Role.GATEWAY
            raise Forbidden(
                f"the permission {permission} is missing: your role in {where} is {role};"
                f" {having} has it"
            )

    def require_somewhere(self, permission: Permission) -> None:
        """Raise Forbidden unless the caller may do this in some environment."""
        if not any(self.may(permission, environment_id) for environment_id in self.roles):
            self.require(permission)

    def gateway_environment(self) -> str:
        """The environment that a gateway sends events for; raise Forbidden for a user."""
        for environment_id in self.roles:
            if environment_id and self.may(Permission.EVENTS_WRITE, environment_id):
                return environment_id
        raise Forbidden(
            f"the permission {Permission.EVENTS_WRITE} is missing: only a gateway's token has it,"
            " which names the environment of the events"
        )

    def require_organization(self, organization_id: str) -> None:
        """Raise NotFound for any organization but the caller's own."""
        if organization_id != self.organization_id:
            raise NotFound(f"organization {organization_id!r} not found")

    def require_environment(self, environment_id: str, session: Session) -> Environment:
        """The environment; raise NotFound for one in which the caller has no role."""
        environment = session.get(Environment, environment_id)
        own = environment is not None and environment.organization_id == self.organization_id
        if environment is None or not own or self.role_in(environment_id) is None:
            raise NotFound(f"environment {environment_id!r} not found")
        return environment

    def organization(self, session: Session) -> Organization:
        """The caller's organization."""
        return session.get_one(Organization, self.organization_id)

    def environments(self, session: Session) -> Sequence[Environment]:
        """The environments in which the caller has a role, by name."""
        found = select(Environment).where(Environment.organization_id == self.organization_id)
        if None not in self.roles:
            found = found.where(Environment.id.in_([key for key in self.roles if key]))
        return session.scalars(found.order_by(Environment.name, Environment.id)).all()
