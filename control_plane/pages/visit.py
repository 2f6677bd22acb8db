"""A visit: a request for a page by somebody who is logged in, and how it is answered."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Annotated, Any, ParamSpec, TypeVar, cast

from anyio.to_thread import run_sync
from fastapi import Depends, Request
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Caller
from control_plane.accounts.roles import Permission
from control_plane.errors import Unauthenticated
from control_plane.management import apis
from control_plane.pages import cookies
from control_plane.pages.answering import Answering
from control_plane.pages.errors import NotLoggedIn
from control_plane.pages.paths import EnvironmentId
from control_plane.services import Services
from control_plane.store.tables import ApiInstance, Environment

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Visit(Answering):
    """A request for a page by somebody who is logged in."""


@dataclass(frozen=True, slots=True)
class EnvironmentVisit(Visit):
    """A visit to a page about one environment."""

    environment: Environment

    def api(self, session: Session, api_id: int) -> ApiInstance:
        """The API instance with this id; raise NotFound if this environment has none."""
        return apis.get(session, self.environment.id, api_id)


def services(request: Request) -> Services:
    """The services of the application that this request reached."""
    return cast(Services, request.app.state.services)


InServices = Annotated[Services, Depends(services)]


async def _visit(request: Request, services: InServices) -> Visit:
    token = request.cookies.get(cookies.SESSION)
    if token is None:
        raise NotLoggedIn
    try:
        found = await services.access.session(token)
    except Unauthenticated as error:
        raise NotLoggedIn from error
    environments = await run_sync(_environments, services, found.caller)
    last = request.cookies.get(cookies.ENVIRONMENT)
    environment = next((e for e in environments if e.id == last), next(iter(environments), None))
    assert found.token_id is not None  # noqa: S101 - a session is a row
    return Visit(request, services, found.caller, found.token_id, environments, environment)


def _environments(services: Services, caller: Caller) -> Sequence[Environment]:
    with services.database.read() as session:
        return caller.environments(session)


InVisit = Annotated[Visit, Depends(_visit)]
"""For pages that everybody who is logged in may see."""


def _environment_visit(visit: InVisit, environment_id: EnvironmentId) -> EnvironmentVisit:
    with visit.reading() as session:
        environment = visit.caller.require_environment(environment_id, session)
    return EnvironmentVisit(
        visit.request,
        visit.services,
        visit.caller,
        visit.token_id,
        visit.environments,
        environment,
    )


InEnvironment = Annotated[EnvironmentVisit, Depends(_environment_visit)]
"""For pages that everybody with a role in the environment may see."""


def in_environment(permission: Permission) -> Any:
    """A dependency: a visit by somebody who has the permission in the page's environment."""

    def permitted(visit: InEnvironment) -> EnvironmentVisit:
        visit.caller.require(permission, visit.environment.id)
        return visit

    return Depends(permitted)


def in_organization(permission: Permission) -> Any:
    """A dependency: a visit by somebody who has the permission in the whole organization."""

    def permitted(visit: InVisit) -> Visit:
        visit.caller.require(permission)
        return visit

    return Depends(permitted)


def in_turn(page: Callable[Parameters, Result]) -> Callable[Parameters, Awaitable[Result]]:
    """Run a page that writes in the write queue, which it finds by its parameter `visit`."""

    @wraps(page)
    async def queued(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        visit = cast(Visit, kwargs["visit"])
        return await visit.services.writes.run(partial(page, *args, **kwargs))

    return queued
