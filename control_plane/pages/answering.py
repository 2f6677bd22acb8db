"""How a request for a page is answered: with a page, a question, two versions, or a redirect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from control_plane.pages import cookies
from control_plane.pages.again import Again
from control_plane.pages.asking import Asking
from control_plane.pages.forms import Posted
from control_plane.pages.navigation import Link, marked, navigation
from control_plane.pages.security_headers import RESTORABLE
from control_plane.pages.templating import render


@dataclass(frozen=True, slots=True)
class Answering(Asking):
    """A request for a page, and its possible answers."""

    def url(self, route: str, **parts: Any) -> str:
        """The path of the page with this name; the environment is filled in."""
        if self.environment is not None and self.is_of_environment(route):
            parts.setdefault("environment_id", self.environment.id)
        quoted = {name: quote(str(part), safe="") for name, part in parts.items()}
        return self.pages[route].format(**quoted)

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

    def page(
        self,
        template: str,
        status: int = HTTPStatus.OK,
        *,
        restorable: bool = False,
        **context: Any,
    ) -> Response:
        """The page that the template makes of the context.

        `restorable` is for a form without secrets: browsers may keep the page, so that their Back
        button leads to it with what was typed. What a form's answer shows is never kept.
        """
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
        if restorable and self.request.method != "POST":
            response.headers["Cache-Control"] = RESTORABLE
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
        may_edit: bool = False,
        again: Again | None = None,
    ) -> Response:
        """The page that asks before something is done.

        `consequences` are sentences, with numbers. The form posts to `action`, or else to this
        page's own path. With `type_name`, that name has to be typed; see `Posted.require_typed`.
        `may_edit` adds a button that sends `fields` and `do=edit`, to go back to their form.
        """
        again = again or Again()
        return self.page(
            "confirm.html",
            again.status,
            title=title,
            consequences=consequences,
            button=button,
            cancel=cancel,
            action=action or self.request.url.path,
            fields=fields or {},
            type_name=type_name,
            may_edit=may_edit,
            form=again.form,
            change=again.change,
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
