"""From where a request comes: for sessions, the audit log, and against forged requests."""

from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request

from control_plane.accounts.access import Origin


def origin_of(request: Request) -> Origin:
    """The network address, which a trusted proxy may have told us, and the browser."""
    address = request.client.host if request.client else None
    return Origin(address, request.headers.get("user-agent"))


def split_address(text: str) -> SplitResult:
    """The parts of an address in a header; empty parts if it makes no sense."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")
