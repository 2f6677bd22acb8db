"""Errors as pages: what went wrong, in words, and what to do about it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError, OperationalError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Scope

from control_plane.errors import Busy, ControlPlaneError, Invalid, NotFound, Refused
from control_plane.http_methods import allowed_methods
from control_plane.http_statuses import status_of
from control_plane.pages import cookies
from control_plane.pages.origins import split_address
from control_plane.pages.templating import render

_MAX_MESSAGE: Final = 2000
_LOST: Final = (
    " What you have just sent was not saved. After the login, go back twice in your browser: most"
    " browsers still have what you typed."
)

_TITLES: Final[Mapping[int, str]] = {
    400: "This can't be done",
    403: "You may not do this",
    404: "Nothing is here",
    405: "This can't be done here",
    408: "The request took too long",
    409: "This contradicts what is there",
    412: "Somebody else changed this",
    413: "This is too large",
    429: "Too many attempts",
    500: "The control plane failed",
    503: "The control plane is busy",
}


class NotLoggedIn(ControlPlaneError):  # noqa: N818 - it is no error, but asks for a login
    """The page needs a login, and there is no valid session."""


def add_error_pages(app: FastAPI) -> None:
    """Answer every exception that leaves a page."""
    for kind, handler in (
        (NotLoggedIn, _to_login),
        (Refused, _refused),
        (HTTPException, _http_error),
        (RequestValidationError, _bad_address),
        (DataError, _not_storable),
        (OperationalError, _database_failed),
        (Exception, _failed),
    ):
        app.add_exception_handler(kind, handler)


def error_answer(scope: Scope, error: Refused) -> Response:
    """The answer to a request that was refused."""
    wait = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return _answer(scope, status_of(error), error.message, wait)


def _answer(
    scope: Scope, status: int, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    message = message[:_MAX_MESSAGE]
    if "text/html" not in Headers(scope=scope).get("accept", ""):
        # A program that missed a path of the JSON API ends up here.
        document = {"error": HTTPStatus(status).phrase, "message": message}
        return JSONResponse(document, status, headers)
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    text = render("error.html", title=title, message=message, status=int(status))
    return Response(text, status, headers, media_type="text/html")


async def _to_login(request: Request, error: Any) -> Response:  # noqa: ARG001
    """Ask for a login, and come back to the page afterwards. A form that was sent is lost."""
    target = (
        f"/login?next={quote(path, safe='')}" if (path := _wanted(request)) != "/" else "/login"
    )
    if "hx-request" in request.headers:
        response = Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": target})
    else:
        response = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    had_session, lost = cookies.SESSION in request.cookies, request.method != "GET"
    if had_session or lost:
        message = f"Your session has ended. Log in again.{_LOST if lost else ''}"
        cookies.set_message(response, message)
    if had_session:
        cookies.delete_cookie(response, cookies.SESSION)
    return response


def _wanted(request: Request) -> str:
    """The page to come back to: what was asked for, or the page that the request came from."""
    if request.method == "GET" and "hx-request" not in request.headers:
        path, query = request.url.path, request.url.query
    else:
        came_from = split_address(request.headers.get("referer", ""))
        path, query = came_from.path or "/", came_from.query
    return f"{path}?{query}" if query else path


async def _refused(request: Request, error: Any) -> Response:
    return error_answer(request.scope, error)


async def _http_error(request: Request, error: Any) -> Response:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return error_answer(request.scope, NotFound("the control plane has no page here"))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = allowed_methods(request.app.router, request.scope)
        message = f"this page knows {allowed}, and no {request.method[:16]}"
        return _answer(request.scope, error.status_code, message, {"Allow": allowed})
    return _answer(request.scope, error.status_code, str(error.detail), error.headers)


async def _bad_address(request: Request, error: Any) -> Response:  # noqa: ARG001
    return error_answer(request.scope, NotFound("there is no page with this address"))


async def _not_storable(request: Request, error: Any) -> Response:  # noqa: ARG001
    # PostgreSQL is stricter than SQLite.
    return error_answer(request.scope, Invalid("a text has a NUL character; leave it out"))


async def _database_failed(request: Request, error: Any) -> Response:
    structlog.get_logger().error("database.failed", path=request.url.path, reason=str(error.orig))
    return error_answer(request.scope, Busy("the database can't do this now; try again", 5))


async def _failed(request: Request, error: Any) -> Response:  # noqa: ARG001 - uvicorn logs it
    message = "The control plane failed, and its log says why. Nothing was changed."
    return _answer(request.scope, HTTPStatus.INTERNAL_SERVER_ERROR, message)
