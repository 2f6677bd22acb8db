"""Sends export requests to a collector by OTLP over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from google.protobuf.message import DecodeError

from adapter.analytics.otlp.header_files import read_headers
from adapter.errors import PlatformRejectedError, PlatformUnavailableError

_TRY_LATER: Final = frozenset({408, 425, 429})
_FIXED: Final = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}


class CollectorAnswer(NamedTuple):
    """What a collector answered."""

    status: int
    retry_after_s: float | None
    """What it asked for in `Retry-After`, if it did."""
    body: bytes


Post: TypeAlias = Callable[[Mapping[str, str], bytes], Awaitable[CollectorAnswer]]
"""Posts headers and a body to the collector; raises PlatformUnavailableError."""


class CollectorUpload:
    """An `EventUpload` to a collector.

    `header_files` names further headers and the files with their values. The files are read for
    each request, so that a secret can be renewed while the adapter runs. `group` is the group of
    settings. `refused` reads from the body of an answer how many items were refused; it may raise
    DecodeError.
    """

    def __init__(
        self,
        post: Post,
        header_files: Mapping[str, Path],
        group: str,
        refused: Callable[[bytes], int],
    ) -> None:
        self._post = post
        self._header_files = header_files
        self._group = group
        self._refused = refused

    async def send_events(self, gzip_body: bytes) -> int:
        """See `EventUpload.send_events`."""
        answer = await self._post(await self._headers(), gzip_body)
        status = answer.status
        said = f"the collector answered {status}"
        if 200 <= status < 300:
            return self._refused_of(answer.body)
        if status in _TRY_LATER or status >= 500:
            raise PlatformUnavailableError(
                f"{said}; the adapter asks again later",
                retry_after_s=answer.retry_after_s,
                status=status,
            )
        raise PlatformRejectedError(
            f"{said}, so what it was sent is lost; check {self._group}", status=status
        )

    async def _headers(self) -> dict[str, str]:
        if not self._header_files:
            return _FIXED
        try:
            # In a thread, because the files may be on a slow disk.
            return _FIXED | await asyncio.to_thread(read_headers, self._header_files)
        except ValueError as e:
            raise PlatformUnavailableError(f"{self._group}.header_files: {e}") from None

    def _refused_of(self, body: bytes) -> int:
        try:
            return max(self._refused(body), 0)
        except DecodeError:  # the status alone says that it was accepted
            return 0
