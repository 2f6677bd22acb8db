"""What every router shares: the caller's scope, paging, and how bodies and answers look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from control_plane.accounts.access import Access, Caller
from control_plane.accounts.hashing import LoginHasher
from control_plane.analytics.event_store import EventStore
from control_plane.clock import Clock, iso
from control_plane.errors import BadRequest, NotFound, Unauthenticated
from control_plane.management.feed_epochs import FeedEpochs
from control_plane.settings import Settings
from control_plane.store.database import Database
from control_plane.store.tables import ApiInstance
from control_plane.store.write_queue import WriteQueue

MAX_ID = 2**63 - 1  # what SQLite can hold

RowId = Annotated[int, Path(ge=1, le=MAX_ID)]
Name = Annotated[str, Field(min_length=1, max_length=256)]
Prose = Annotated[str, Field(max_length=4000)]
Uri = Annotated[str, Field(min_length=1, max_length=2000)]
# The database compares texts with patterns up to a length only.
Filter = Annotated[str | None, Query(max_length=256)]
Row = TypeVar("Row")


class Body(BaseModel):
    """A request body with the official camelCase names; unknown fields are left alone."""

    model_config = ConfigDict(alias_generator=to_camel, strict=True)

    def given(self) -> dict[str, Any]:
        """The fields that the caller sent, by their Python names: what a PATCH changes."""
        return {name: getattr(self, name) for name in self.model_fields_set}


@dataclass(frozen=True, slots=True)
class Services:
    """What the routers work with; one for each application."""

    settings: Settings
    clock: Clock
    database: Database
    events: EventStore
    hasher: LoginHasher
    access: Access
    writes: WriteQueue
    event_writes: WriteQueue
    epochs: FeedEpochs
    started_at: datetime

    def close(self) -> None:
        """End the threads that hash, and close the databases."""
        self.access.close()
        self.database.close()
        self.events.close()


def services(request: Request) -> Services:
    """The services of the application that this request reached."""
    return cast(Services, request.app.state.services)


InServices = Annotated[Services, Depends(services)]
_bearer = HTTPBearer(auto_error=False, description="A token of /accounts/login or .../oauth2/token")


def caller(
    services: InServices,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Whoever holds the request's bearer token."""
    if credentials is None:
        raise Unauthenticated("this needs an Authorization header with a bearer token")
    return services.access.caller(credentials.credentials)


InCaller = Annotated[Caller, Depends(caller)]


@dataclass(frozen=True, slots=True)
class OrganizationScope:
    """One organization, who asks about it, and what works on it."""

    services: Services
    caller: Caller
    organization_id: str

    def now(self) -> datetime:
        """The time for dates in rows and answers."""
        return self.services.clock.now()


@dataclass(frozen=True, slots=True)
class EnvironmentScope(OrganizationScope):
    """One environment of the organization."""

    environment_id: str

    def api(self, session: Session, api_id: int) -> ApiInstance:
        """The API instance with this id; raise NotFound if this environment has none."""
        api = session.get(ApiInstance, api_id)
        if api is None or api.environment_id != self.environment_id:
            raise not_found("API instance", api_id)
        return api


def _organization(
    services: InServices, caller: InCaller, organization_id: str
) -> OrganizationScope:
    caller.require_organization(organization_id)
    return OrganizationScope(services, caller, organization_id)


OrganizationReader = Annotated[OrganizationScope, Depends(_organization)]


def _organization_admin(scope: OrganizationReader) -> OrganizationScope:
    scope.caller.require_admin()
    return scope


def _environment(scope: OrganizationReader, environment_id: str) -> EnvironmentScope:
    with scope.services.database.read() as session:
        scope.caller.require_environment(environment_id, session)
    return EnvironmentScope(scope.services, scope.caller, scope.organization_id, environment_id)


OrganizationAdmin = Annotated[OrganizationScope, Depends(_organization_admin)]
EnvironmentReader = Annotated[EnvironmentScope, Depends(_environment)]


def _environment_admin(scope: EnvironmentReader) -> EnvironmentScope:
    scope.caller.require_admin()
    return scope


EnvironmentAdmin = Annotated[EnvironmentScope, Depends(_environment_admin)]


@dataclass(frozen=True, slots=True)
class Page:
    """The official paging and sorting parameters of lists."""

    offset: int
    limit: int
    sort: str | None
    ascending: bool
    query: str | None

    def rows(
        self,
        session: Session,
        matching: Select[Row],
        sortable: dict[str, InstrumentedAttribute[Any]],
    ) -> tuple[int, Sequence[Row]]:
        """How many rows match, and those of this page; the first of `sortable` is the default."""
        name = self.sort or next(iter(sortable))
        if name not in sortable:
            raise BadRequest(f"sort: {name!r} is none of {', '.join(sortable)}")
        column = sortable[name]
        ordered = matching.order_by(
            column.asc() if self.ascending else column.desc(), sortable["id"].asc()
        )
        total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
        return total, session.scalars(ordered.offset(self.offset).limit(self.limit)).all()


def _page(
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=0, le=250)] = 100,
    sort: Filter = None,
    ascending: bool = True,
    query: Filter = None,
) -> Page:
    return Page(offset, limit, sort, ascending, query)


InPage = Annotated[Page, Depends(_page)]


def not_found(what: str, row_id: int) -> NotFound:
    """The refusal for an id that names nothing here."""
    return NotFound(f"{what} {row_id} not found")


def audit(created_at: datetime, updated_at: datetime | None = None) -> dict[str, Any]:
    """The `audit` object that official answers carry."""
    return {
        "created": {"date": iso(created_at)},
        "updated": {} if updated_at is None else {"date": iso(updated_at)},
    }


def containing(column: InstrumentedAttribute[Any], text: str) -> Any:
    """The condition that `column` contains `text`, whatever the case and without wildcards."""
    return column.icontains(text, autoescape=True)
