"""What endpoints that write share: their turn, and an answer that is made before the commit."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar, cast

from fastapi import Response
from fastapi.responses import JSONResponse

from control_plane.errors import BadRequest
from control_plane.protocol.scope import OrganizationScope

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_turn(endpoint: Callable[Parameters, Result]) -> Callable[Parameters, Awaitable[Result]]:
    """Give an endpoint that writes its turn in the write queue. Its caller is in `scope`."""

    @wraps(endpoint)
    async def queued(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        scope = cast(OrganizationScope, kwargs["scope"])
        return await scope.services.writes.run(partial(endpoint, *args, **kwargs))

    return queued


def answer(document: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The answer as octets. Make it inside the transaction: what can't be told is not kept."""
    try:
        return JSONResponse(document, status)
    except (ValueError, RecursionError) as error:
        raise BadRequest("a value can't be written as JSON") from error
