"""Analytics of the measured process: entries become events, and batches end after compression."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapter.analytics.access_log import METHOD_PATH, AccessLogService
from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.uploader import EventUploader
from adapter.policy.catalog import ApiInstance
from adapter.runtime.clock import Clock
from adapter.transport.service import ClientStreamMethod
from support.defaults import entry_translator, memory_spool, upload_options


class _NoPlatform:
    """An `EventUpload` that takes every batch."""

    async def send_events(self, gzip_body: bytes) -> int:  # noqa: ARG002 - the port's signature
        """Refuse no event."""
        return 0


@asynccontextmanager
async def access_logs(clock: Clock) -> AsyncIterator[ClientStreamMethod]:
    """The access log service, with an uploader that does everything but send."""
    spool = memory_spool()
    uploader = EventUploader(spool, _NoPlatform(), clock, upload_options())
    translator = entry_translator(_unbound, EventEncoder(EventOrigin("organization", "host", "HY")))
    service = AccessLogService(translator, spool, clock)
    uploading = asyncio.create_task(uploader.run())
    try:
        yield ClientStreamMethod(METHOD_PATH, service.open)
    finally:
        uploading.cancel()
        await asyncio.wait([uploading])
        await spool.close()


def _unbound(route_name: str, authority: str, path: str) -> ApiInstance | None:  # noqa: ARG001
    """Every entry of the benchmark tells its own API, so there is nothing to look up."""
    return None
