"""The scope of a request: which organization and environment it is about, and who asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Caller
from control_plane.errors import Unauthenticated
from control_plane.management import apis
from control_plane.management.transaction import Actor, Transaction
from control_plane.protocol.services import InServices, Services
from control_plane.store.tables import ApiInstance

_bearer = HTTPBearer(auto_error=False, description="A token of /accounts/login or .../oauth2/token")


def caller(
    services: InServices,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """The login that the request's bearer token was made for."""
    if credentials is None:
        raise Unauthenticated("this needs an Authorization header with a bearer token")
    return services.access.caller(credentials.credentials)


InCaller = Annotated[Caller, Depends(caller)]


@dataclass(frozen=True, slots=True)
class OrganizationScope:
    """One organization, who asks about it and from where, and the services to answer with."""

    services: Services
    caller: Caller
    organization_id: str
    address: str | None

    def now(self) -> datetime:
        """The time for dates in rows and answers."""
        return self.services.clock.now()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view of the database."""
        with self.services.database.read() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A write transaction of the caller; it is committed at the end of the block."""
        actor = Actor(self.caller.name, self.caller.role, self.address)
        with self.services.database.write() as session:
            yield Transaction(
                session, actor, self.organization_id, self.now(), self.services.epochs
            )


@dataclass(frozen=True, slots=True)
class EnvironmentScope(OrganizationScope):
    """One environment of the organization."""

    environment_id: str

    def api(self, session: Session, api_id: int) -> ApiInstance:
        """The API instance with this id; raise NotFound if this environment has none."""
        return apis.get(session, self.environment_id, api_id)


def _organization(
    request: Request, services: InServices, caller: InCaller, organization_id: str
) -> OrganizationScope:
    caller.require_organization(organization_id)
    address = request.client.host if request.client else None
    return OrganizationScope(services, caller, organization_id, address)


OrganizationReader = Annotated[OrganizationScope, Depends(_organization)]


def _organization_admin(scope: OrganizationReader) -> OrganizationScope:
    scope.caller.require_admin()
    return scope


def _environment(scope: OrganizationReader, environment_id: str) -> EnvironmentScope:
    with scope.reading() as session:
        scope.caller.require_environment(environment_id, session)
    return EnvironmentScope(
        scope.services, scope.caller, scope.organization_id, scope.address, environment_id
    )


OrganizationAdmin = Annotated[OrganizationScope, Depends(_organization_admin)]
EnvironmentReader = Annotated[EnvironmentScope, Depends(_environment)]


def _environment_admin(scope: EnvironmentReader) -> EnvironmentScope:
    scope.caller.require_admin()
    return scope


EnvironmentAdmin = Annotated[EnvironmentScope, Depends(_environment_admin)]
