"""A visit: a request for a page by somebody who is logged in, and how it is answered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from http import HTTPStatus
from typing import Annotated, Any, ParamSpec, TypeVar, cast
from urllib.parse import quote

from anyio.to_thread import run_sync
from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Caller
from control_plane.accounts.roles import Permission
from control_plane.errors import Unauthenticated
from control_plane.management import apis
from control_plane.pages import cookies
from control_plane.pages.asking import Asking
from control_plane.pages.errors import NotLoggedIn
from control_plane.pages.forms import Form, Posted
from control_plane.pages.navigation import Link, marked, navigation
from control_plane.pages.paths import EnvironmentId
from control_plane.pages.templating import render
from control_plane.services import Services
from control_plane.store.tables import ApiInstance, Environment

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Visit(Asking):
    """A request for a page by somebody who is logged in, and its possible answers."""

    def url(self, route: str, **parts: Any) -> str:
        """The path of the page with this name; the environment is filled in."""
        app = self.request.app
        if self.environment is not None and self.is_of_environment(route):
            parts.setdefault("environment_id", self.environment.id)
        quoted = {name: quote(str(part), safe="") for name, part in parts.items()}
        return str(app.url_path_for(route, **quoted))

    def tabs(self, links: Mapping[str, str]) -> list[Link]:
        """Links to the parts of a thing, by label; the part that is shown is marked."""
        return marked(links, self.request.url.path)

    def is_of_environment(self, route: str) -> bool:
        """Whether the page with this name is about one environment."""
        return "{environment_id}" in self.pages[route]

    def has_page(self, route: str) -> bool:
        """Whether there is a page with this name."""
        return route in self.pages

    @property
    def pages(self) -> dict[str, str]:
        """The paths of all pages by their names."""
        found: dict[str, str] = self.request.app.state.pages
        return found

    def page(self, template: str, status: int = HTTPStatus.OK, **context: Any) -> Response:
        """The page that the template makes of the context."""
        message = cookies.take_message(self.request)
        text = render(
            template,
            visit=self,
            url=self.url,
            path=self.request.url.path,
            navigation=navigation(self),
            message=message,
            **context,
        )
        response = Response(text, status, media_type="text/html")
        if message is not None:
            cookies.clear_message(response)
        if self.environment is not None:
            cookies.remember_environment(self.request, response, self.environment.id)
        return response

    def confirm(
        self,
        title: str,
        consequences: Sequence[str],
        *,
        button: str,
        cancel: str,
        action: str = "",
        fields: Mapping[str, str] | None = None,
        type_name: str = "",
        refused: Form | None = None,
        status: int = HTTPStatus.OK,
    ) -> Response:
        """The page that asks before something is done.

        `consequences` are sentences, with numbers. The form posts to `action`, or else to this
        page's own path. With `type_name`, that name has to be typed; see `Posted.require_typed`.
        """
        return self.page(
            "confirm.html",
            status,
            title=title,
            consequences=consequences,
            button=button,
            cancel=cancel,
            action=action or self.request.url.path,
            fields=fields or {},
            type_name=type_name,
            form=refused or Form(),
        )

    def stale(
        self,
        form: Posted,
        labels: Mapping[str, str],
        theirs: Mapping[str, Any],
        version: str,
        *,
        cancel: str,
        yours: Mapping[str, Any] | None = None,
    ) -> Response:
        """The page that shows what somebody else has saved beside what this form would save.

        `labels` name the fields to compare, `theirs` are their values now, and `version` is the
        version that has these values. `yours` are the form's values, if they are not simply those
        of its fields.
        """
        if yours is None:
            yours = {name: "\n".join(form.fields.get(name, [])) for name in labels}
        fields = [
            (name, value)
            for name, values in form.fields.items()
            if name != "version"
            for value in values
        ]
        return self.page(
            "stale.html",
            HTTPStatus.PRECONDITION_FAILED,
            labels=labels,
            theirs={name: "" if (value := theirs[name]) is None else value for name in labels},
            yours={name: "" if (value := yours[name]) is None else value for name in labels},
            fields=fields,
            version=version,
            action=self.request.url.path,
            cancel=cancel,
        )

    def redirect(self, path: str, message: str = "") -> Response:
        """Go to another page after a form, and show the message there."""
        response = RedirectResponse(path, HTTPStatus.SEE_OTHER)
        if message:
            cookies.set_message(response, message)
        return response


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
