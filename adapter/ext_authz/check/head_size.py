# mypyc: compiled
"""Bounds the head of a request (headers, path, host) before anything of a large Check is copied.

Reading a header copies it, and a header that is not UTF-8 takes milliseconds for each megabyte.
During that time no other Check is answered.
"""

from typing import Final

from mypy_extensions import i64

from adapter.ext_authz.check.request import MOST_HEADERS, TOO_MANY_HEADERS
from adapter.messages.wire import field
from adapter.policy.verdicts import Deny, DenyReason

MOST_OCTETS: Final = 128 * 1024
"""The most bytes of a request's head. Envoy's default for the headers is 60 KiB."""
_SMALL: Final = 16 * 1024
"""Bytes of a Check that needs no count, because every reader is quick with it."""
_MOST_FIELDS: Final = 1_000
"""Envoy writes fewer besides headers. The count itself must not take long."""
_TO_HTTP: Final = (0x0A, 0x22, 0x12)
"""Tags on the way to the HTTP request: attributes, request, http."""
_HEADERS: Final = 0x1A
_HEADER_MAP: Final = 0x6A
_HEADER: Final = 0x0A
_BODIES: Final = (0x5A, 0x62)

HEAD_TOO_LARGE: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    431,
    "The header fields are too large",
    detail=f"headers, path and host have more than {MOST_OCTETS:,} bytes; lower "
    "max_request_headers_kb in Envoy's HTTP connection manager, whose default is 60",
)


def obstacle_in_head(message: bytes) -> Deny | None:
    """Why a Check is not read at all; None if its head is small enough, or not plainly encoded."""
    if len(message) <= _SMALL:
        return None
    return _Head(message).obstacle(0, len(message), 0)


class _Head:
    """Counts one head, also if it comes in several parts."""

    __slots__ = ("_fields", "_headers", "_message", "_octets")

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._fields = 0
        self._headers = 0
        self._octets = 0

    def obstacle(self, at: i64, end: i64, level: int) -> Deny | None:
        """Count what is between these positions. `level`: how many of `_TO_HTTP` led there."""
        while at < end:
            tag, start, stop = field(self._message, at, end)
            self._fields += 1
            if not stop or self._fields > _MOST_FIELDS:
                return None
            obstacle: Deny | None = None
            if level == len(_TO_HTTP):
                obstacle = self._count(tag, start, stop)
            elif tag == _TO_HTTP[level]:
                obstacle = self.obstacle(start, stop, level + 1)
            if obstacle is not None:
                return obstacle
            at = stop
        return None

    def _count(self, tag: i64, start: i64, stop: i64) -> Deny | None:
        if tag in _BODIES:
            return None
        self._octets += stop - start
        if self._octets > MOST_OCTETS:
            return HEAD_TOO_LARGE
        if tag == _HEADERS:
            return self._count_header()
        return self._count_raw_headers(start, stop) if tag == _HEADER_MAP else None

    def _count_raw_headers(self, at: i64, end: i64) -> Deny | None:
        while at < end:
            tag, _, at = field(self._message, at, end)
            self._fields += 1
            if not at or self._fields > _MOST_FIELDS:
                return None
            if tag == _HEADER and self._count_header() is not None:
                return TOO_MANY_HEADERS
        return None

    def _count_header(self) -> Deny | None:
        self._headers += 1
        return TOO_MANY_HEADERS if self._headers > MOST_HEADERS else None
