"""Sends export requests to a collector by OTLP over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from adapter.analytics.otlp.header_files import read_headers
from adapter.errors import PlatformRejectedError, PlatformUnavailableError

_TRY_LATER: Final = frozenset({408, 425, 429})
_FIXED: Final = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
_CHECK: Final = "check analytics.otlp_logs"


class CollectorAnswer(NamedTuple):
    """What a collector answered."""

    status: int
    retry_after_s: float | None
    """What it asked for in `Retry-After`, if it did."""
    body: bytes


Post: TypeAlias = Callable[[Mapping[str, str], bytes], Awaitable[CollectorAnswer]]
"""Posts headers and a body to the collector; raises PlatformUnavailableError."""


class LogUpload:
    """An `EventUpload` to a collector.

    `header_files` names further headers and the files with their values. The files are read for
    each request, so that a secret can be renewed while the adapter runs.
    """

    def __init__(self, post: Post, header_files: Mapping[str, Path]) -> None:
        self._post = post
        self._header_files = header_files

    async def send_events(self, gzip_body: bytes) -> int:
        """See `EventUpload.send_events`."""
        answer = await self._post(await self._headers(), gzip_body)
        status = answer.status
        said = f"the collector answered {status}"
        if 200 <= status < 300:
            return _refused(answer.body)
        if status in _TRY_LATER or status >= 500:
            raise PlatformUnavailableError(
                f"{said}; the adapter asks again later",
                retry_after_s=answer.retry_after_s,
                status=status,
            )
        raise PlatformRejectedError(f"{said}, so its records are lost; {_CHECK}", status=status)

    async def _headers(self) -> dict[str, str]:
        if not self._header_files:
            return _FIXED
        try:
            # In a thread, because the files may be on a slow disk.
            return _FIXED | await asyncio.to_thread(read_headers, self._header_files)
        except ValueError as e:
            raise PlatformUnavailableError(f"analytics.otlp_logs.header_files: {e}") from None


def _refused(body: bytes) -> int:
    """How many records of an accepted request the collector refused."""
    try:
        partial = ExportLogsServiceResponse.FromString(body).partial_success
    except DecodeError:  # the status alone says that it was accepted
        return 0
    return max(partial.rejected_log_records, 0)
