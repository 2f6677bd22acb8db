"""The HTTP status of each kind of refusal. The JSON API and the pages use this one table."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from control_plane.errors import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Stale,
    TooLarge,
    TooManyLogins,
    TooSlow,
    Unauthenticated,
)

_STATUSES: Final[Mapping[type[Refused], HTTPStatus]] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooManyLogins: HTTPStatus.TOO_MANY_REQUESTS,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
}


def status_of(error: Refused) -> HTTPStatus:
    """The status that tells a client of the refusal."""
    return next(_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES)
