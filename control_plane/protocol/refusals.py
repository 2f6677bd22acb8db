"""Refusals: every failure has the same body, `error` for programs and `message` for people."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NotRequired

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException
from typing_extensions import TypedDict

from control_plane.errors import Refused
from control_plane.field_errors import field_errors, models_in
from control_plane.http_methods import allowed_methods
from control_plane.http_statuses import status_of
from control_plane.management.environment_file.mistake import MistakenFile

_MAX_MESSAGE = 2000


class Refusal(TypedDict):
    """The body of every failure."""

    error: str
    """The status in words, or a code of RFC 6749 for a request for a token."""
    message: str
    """What is wrong, and how to put it right."""
    errors: NotRequired[Sequence[Mapping[str, str]]]
    """For an environment file: each mistake by itself, with its `path` in the file."""


class OAuthRefused(Refused):
    """A token request refused with one of the error codes of RFC 6749, section 5.2."""

    def __init__(
        self, status: HTTPStatus, code: str, message: str, *, challenge: str = "Bearer"
    ) -> None:
        """`challenge` tells how to authenticate, with the status 401."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.challenge = challenge


def refusal(error: Refused) -> JSONResponse:
    """The answer to a request that was refused on purpose."""
    wait = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, OAuthRefused):
        wait |= {"WWW-Authenticate": error.challenge} if error.status == 401 else {}
        return _answer(error.status, error.message, wait, code=error.code)
    if isinstance(error, MistakenFile):
        errors = [mistake._asdict() for mistake in error.mistakes]
        return _answer(status_of(error), error.message, wait, errors=errors)
    return _answer(status_of(error), error.message, wait)


def _answer(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str | None = None,
    errors: Sequence[Mapping[str, str]] | None = None,
) -> JSONResponse:
    # The official documents have the status's phrase in `error`. A message may repeat what the
    # client sent, which may be long.
    document = Refusal(error=code or HTTPStatus(status).phrase, message=message[:_MAX_MESSAGE])
    if errors is not None:
        document["errors"] = errors
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    return JSONResponse(document, status, headers)


def add_refusals(app: FastAPI) -> None:
    """Answer every exception that leaves a route."""
    for kind, handler in (
        (Refused, _refused),
        (HTTPException, _http_error),
        (RequestValidationError, _invalid),
        (ValidationError, _invalid),
        (DataError, _not_storable),
        (OperationalError, _database_failed),
        (Exception, _failed),
    ):
        app.add_exception_handler(kind, handler)


async def _refused(request: Request, error: Any) -> JSONResponse:  # noqa: ARG001
    return refusal(error)


async def _http_error(request: Request, error: Any) -> JSONResponse:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = allowed_methods(request.app.router, request.scope)
        message = f"{error.detail}; this path knows {allowed}"
        return _answer(error.status_code, message, {"Allow": allowed})
    return _answer(error.status_code, str(error.detail), error.headers)


async def _invalid(request: Request, error: Any) -> JSONResponse:
    errors: Sequence[Any] = error.errors()
    message = field_errors(errors, _body_of(request))
    if message.startswith("body: ") and "json" not in request.headers.get("content-type", ""):
        message += "; send it as JSON, with the header Content-Type: application/json"
    return _answer(HTTPStatus.BAD_REQUEST, message)


def _body_of(request: Request) -> type[BaseModel] | None:
    """What the endpoint reads the body with."""
    field = getattr(request.scope.get("route"), "body_field", None)
    return field and next(models_in(field.field_info.annotation), None)


async def _not_storable(request: Request, error: Any) -> JSONResponse:  # noqa: ARG001
    # PostgreSQL is stricter than SQLite.
    return _answer(HTTPStatus.BAD_REQUEST, "a text contains a NUL character; leave it out")


async def _database_failed(request: Request, error: Any) -> JSONResponse:
    structlog.get_logger().error("database.failed", path=request.url.path, reason=str(error.orig))
    message = "the database can't do this now; try again"
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, message, {"Retry-After": "5"})


async def _failed(request: Request, error: Any) -> JSONResponse:  # noqa: ARG001 - uvicorn logs it
    message = "the control plane failed; its log says why"
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, message)
