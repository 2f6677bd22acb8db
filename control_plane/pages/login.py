"""Logging in and out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import Field

from control_plane.accounts.user_tokens import Kind
from control_plane.errors import Invalid, Refused, TooManyLogins, Unauthenticated
from control_plane.http_statuses import status_of
from control_plane.pages import cookies
from control_plane.pages.forms import Fields, Form, InForm, InvalidForm, Password, Posted
from control_plane.pages.identity_provider import IdentityProvider
from control_plane.pages.origins import origin_of
from control_plane.pages.templating import render
from control_plane.pages.visit import InServices

router = APIRouter()


class _Login(Fields):
    name: Annotated[str, Field(max_length=256)]
    password: Annotated[Password, Field(max_length=500)]


@router.get("/login", name="login")
def show(request: Request) -> Response:
    """The login form; `next` is the page to go to afterwards."""
    message = cookies.take_message(request)
    form = Form({"next": local_path(request.query_params.get("next", ""))})
    response = _page(request, form, HTTPStatus.OK, message)
    if message is not None:
        cookies.clear_message(response)
    return response


@router.post("/login")
async def log_in(request: Request, services: InServices, form: InForm) -> Response:
    """Begin a new session, and go to the page that was wanted. An older session ends."""
    try:
        if origin := request.headers.get("origin"):
            cookies.require_kept(origin)
        given = form.checked(_Login)
        access = services.access
        token = await access.log_in_user(
            given.name, given.password, Kind.SESSION, origin_of(request)
        )
    except (Invalid, Unauthenticated, TooManyLogins) as error:
        return _refused(request, form, error)
    if (old := request.cookies.get(cookies.SESSION)) is not None:
        await access.end_session(old)
    target = local_path(form.text("next")) or "/"
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    cookies.set_cookie(response, cookies.SESSION, token)
    return response


@router.post("/logout", name="logout")
async def log_out(request: Request, services: InServices) -> Response:
    """End the session."""
    if (token := request.cookies.get(cookies.SESSION)) is not None:
        await services.access.end_session(token)
    response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    # Forms that the browser kept (`restorable`) must not come back after the logout.
    response.headers["Clear-Site-Data"] = '"cache"'
    cookies.delete_cookie(response, cookies.SESSION)
    cookies.set_message(response, "You are logged out.")
    return response


def _refused(request: Request, form: Posted, error: Refused) -> Response:
    values = {"name": form.text("name"), "next": local_path(form.text("next"))}
    if isinstance(error, InvalidForm):
        errors = dict(error.errors)
    elif isinstance(error, Unauthenticated):
        errors = {"": "The name or the password is wrong."}
    else:
        errors = {"": f"{error.message[:1].upper()}{error.message[1:]}."}
    wait = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    response = _page(request, Form(values, errors), status_of(error))
    response.headers.update(wait)
    return response


def _page(request: Request, form: Form, status: int, message: str | None = None) -> Response:
    provider: IdentityProvider | None = request.app.state.provider
    label = provider.label if provider else ""
    text = render("login.html", form=form, message=message, provider=label)
    return Response(text, status, media_type="text/html")


def local_path(target: str) -> str:
    r"""The target if it is a path of the console, or nothing: a link must not lead elsewhere.

    Browsers read `//host` and `/\host` as other hosts, and drop tabs and line ends in between.
    """
    local = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if local and target.isprintable() and "\\" not in target else ""
