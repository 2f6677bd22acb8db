"""Everything the control plane raises on purpose. `http_statuses` gives refusals a status.

ControlPlaneError
├── UnusableDatabaseError  the file can't be opened, or is not ours
└── Refused                something that was asked for is not done
    ├── Invalid            the values that were given make no sense
    ├── Unauthenticated    it is not known who asks
    ├── Forbidden          the caller may not do this
    ├── NotFound           no such thing, or none that the caller may know of
    ├── Conflict           it contradicts what is stored
    ├── Stale              somebody else changed the thing in the meantime
    ├── TooLarge           the request is over its limit
    ├── TooSlow            the request did not arrive in time
    ├── TooManyLogins      too many logins at once
    └── Busy               it can't be done in good time
"""


class ControlPlaneError(Exception):
    """The root of the tree."""


class UnusableDatabaseError(ControlPlaneError):
    """The database file can't be opened, or was not made by this program."""


class Refused(ControlPlaneError):  # noqa: N818 - its subclasses say what is wrong with the request
    """Something that was asked for is not done. The message names the thing and the fix."""

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class Invalid(Refused):
    """The values that were given can't be understood, or ask for something that makes no sense."""


class Unauthenticated(Refused):
    """No credentials, or credentials that are not valid."""


class Forbidden(Refused):
    """The caller is known, but may not do this."""


class NotFound(Refused):
    """No such thing, or none that this caller may know of."""


class Conflict(Refused):
    """The request contradicts what is stored."""


class Stale(Refused):
    """Somebody else has changed the thing since it was shown."""


class TooLarge(Refused):
    """The body is over its limit."""


class TooSlow(Refused):
    """The body did not arrive in time."""


class TooManyLogins(Refused):
    """Too many logins wait already, or too many failed."""


class Busy(Refused):
    """The request makes sense, but can't be served in good time."""
