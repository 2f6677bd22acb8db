"""What all endpoints that write share: a place in the write queue, and how they answer."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar, cast

from fastapi import Response
from fastapi.responses import JSONResponse

from control_plane.errors import Invalid
from control_plane.protocol.scope import OrganizationScope

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_turn(endpoint: Callable[Parameters, Result]) -> Callable[Parameters, Awaitable[Result]]:
    """Run an endpoint that writes in the write queue, which it finds by its parameter `scope`."""

    @wraps(endpoint)
    async def queued(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        scope = cast(OrganizationScope, kwargs["scope"])
        return await scope.services.writes.run(partial(endpoint, *args, **kwargs))

    return queued


def answer(document: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The answer as bytes. Call it inside the transaction: if it fails, nothing is stored."""
    try:
        return JSONResponse(document, status)
    except (ValueError, RecursionError) as error:
        raise Invalid("a value can't be written as JSON") from error
