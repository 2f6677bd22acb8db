"""Everything the control plane raises on purpose.

ControlPlaneError
├── UnusableDatabaseError  the file can't be opened, or is not ours
└── RequestRefused         a request that gets an answer other than 2xx
    ├── BadRequest         400
    ├── Unauthenticated    401
    ├── Forbidden          403
    ├── NotFound           404
    ├── Conflict           409
    ├── TooSlow            408
    ├── TooLarge           413
    ├── TooManyRequests    429, with Retry-After
    ├── Unavailable        503, with Retry-After
    └── OAuthRefused       400 or 401, with an OAuth error code
"""

from http import HTTPStatus


class ControlPlaneError(Exception):
    """The root of the tree."""


class UnusableDatabaseError(ControlPlaneError):
    """The database file can't be opened, or was not made by this program."""


class RequestRefused(ControlPlaneError):  # noqa: N818 - its subclasses are named as statuses
    """A request that is answered with `status` and a message that names the thing and the fix."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def code(self) -> str:
        """What the answer's `error` field says; the official documents put the phrase there."""
        return self.status.phrase


class BadRequest(RequestRefused):
    """The request can't be understood, or asks for something that makes no sense."""

    status = HTTPStatus.BAD_REQUEST


class Unauthenticated(RequestRefused):
    """No credentials, or credentials that don't hold."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(RequestRefused):
    """Known caller, but not allowed to do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(RequestRefused):
    """No such thing, or none that this caller may know of."""

    status = HTTPStatus.NOT_FOUND


class Conflict(RequestRefused):
    """The request contradicts what is stored."""

    status = HTTPStatus.CONFLICT


class TooSlow(RequestRefused):
    """The body did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT


class TooLarge(RequestRefused):
    """The body is over its limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TooManyRequests(RequestRefused):
    """A queue that keeps floods away from everybody else is full."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class Unavailable(RequestRefused):
    """The request makes sense, but can't be served in good time."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class OAuthRefused(RequestRefused):
    """A token request refused with one of the error codes of RFC 6749, section 5.2."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self._code = code

    @property
    def code(self) -> str:
        """The OAuth error code, such as `invalid_client`."""
        return self._code
