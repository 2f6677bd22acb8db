"""The scope of a request: which organization and environment it is about, and who asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Caller
from control_plane.accounts.roles import Permission
from control_plane.errors import Busy, Forbidden, NotFound, Unauthenticated
from control_plane.management import apis
from control_plane.management.transaction import Actor, Transaction
from control_plane.protocol.described import refuses
from control_plane.services import Services
from control_plane.store.tables import ApiInstance

_bearer = HTTPBearer(auto_error=False, description="A token of /accounts/login or .../oauth2/token")


@refuses(Busy)
def services(request: Request) -> Services:
    """The services of the application that this request reached. Their database may be busy."""
    return cast(Services, request.app.state.services)


InServices = Annotated[Services, Depends(services)]


@refuses(Unauthenticated)
async def caller(
    services: InServices,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """The user or client that the request's bearer token was made for."""
    if credentials is None:
        raise Unauthenticated("this needs an Authorization header with a bearer token")
    return await services.access.caller(credentials.credentials)


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
    def writing(self, actor: Actor | None = None) -> Iterator[Transaction]:
        """A write transaction of the caller, or of `actor`; committed at the end of the block."""
        actor = actor or Actor(self.caller.name, self.caller.role, self.address)
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


@refuses(NotFound)
def _organization(
    request: Request, services: InServices, caller: InCaller, organization_id: str
) -> OrganizationScope:
    caller.require_organization(organization_id)
    address = request.client.host if request.client else None
    return OrganizationScope(services, caller, organization_id, address)


OrganizationReader = Annotated[OrganizationScope, Depends(_organization)]


@refuses(NotFound)
def _environment(scope: OrganizationReader, environment_id: str) -> EnvironmentScope:
    with scope.reading() as session:
        scope.caller.require_environment(environment_id, session)
    return EnvironmentScope(
        scope.services, scope.caller, scope.organization_id, scope.address, environment_id
    )


InEnvironment = Annotated[EnvironmentScope, Depends(_environment)]


def _in_organization(permission: Permission) -> Any:
    """A dependency: the scope of a caller who has the permission in the whole organization."""

    @refuses(Forbidden)
    def permitted(scope: OrganizationReader) -> OrganizationScope:
        scope.caller.require(permission)
        return scope

    return Depends(permitted)


def _in_environment(permission: Permission) -> Any:
    """A dependency: the scope of a caller who has the permission in the environment."""

    @refuses(Forbidden)
    def permitted(scope: InEnvironment) -> EnvironmentScope:
        scope.caller.require(permission, scope.environment_id)
        return scope

    return Depends(permitted)


@refuses(Forbidden)
def _some_apis_writer(scope: OrganizationReader) -> OrganizationScope:
    scope.caller.require_somewhere(Permission.APIS_WRITE)
    return scope


SomeApisWriter = Annotated[OrganizationScope, Depends(_some_apis_writer)]
"""For requests whose body names the environment, which the endpoint then checks."""

ApisReader = Annotated[EnvironmentScope, _in_environment(Permission.APIS_READ)]
ApisWriter = Annotated[EnvironmentScope, _in_environment(Permission.APIS_WRITE)]
AlertsReader = Annotated[EnvironmentScope, _in_environment(Permission.ALERTS_READ)]
AlertsWriter = Annotated[EnvironmentScope, _in_environment(Permission.ALERTS_WRITE)]
ContractsReader = Annotated[EnvironmentScope, _in_environment(Permission.CONTRACTS_READ)]
ContractsWriter = Annotated[EnvironmentScope, _in_environment(Permission.CONTRACTS_WRITE)]
AnalyticsReader = Annotated[EnvironmentScope, _in_environment(Permission.ANALYTICS_READ)]
RequestsReader = Annotated[EnvironmentScope, _in_environment(Permission.REQUESTS_READ)]
FeedReader = Annotated[EnvironmentScope, _in_environment(Permission.FEED_READ)]
ReportsWriter = Annotated[EnvironmentScope, _in_environment(Permission.REPORTS_WRITE)]
ApplicationsReader = Annotated[OrganizationScope, _in_organization(Permission.APPLICATIONS_READ)]
ApplicationsWriter = Annotated[OrganizationScope, _in_organization(Permission.APPLICATIONS_WRITE)]
EnvironmentsWriter = Annotated[OrganizationScope, _in_organization(Permission.ENVIRONMENTS_WRITE)]
