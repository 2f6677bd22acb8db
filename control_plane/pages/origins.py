"""From where a request comes, for sessions and the audit log."""

from starlette.requests import Request

from control_plane.accounts.access import Origin


def origin_of(request: Request) -> Origin:
    """The network address, which a trusted proxy may have told us, and the browser."""
    address = request.client.host if request.client else None
    return Origin(address, request.headers.get("user-agent"))
