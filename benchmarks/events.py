"""Analytics of the measured process: creates and compresses events, but does not upload them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapter.analytics.access_log import METHOD_PATH, AccessLogService
from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.uploader import EventUploader
from adapter.policy.catalog import ApiInstance
from adapter.policy.request.attributes import RequestAttributes
from adapter.runtime.clock import Clock
from adapter.transport.service import ClientStreamMethod
from support.defaults import entry_translator, memory_spool, upload_options


class _NoPlatform:
    """An `EventUpload` that accepts every batch."""

    async def send_events(self, gzip_body: bytes) -> int:  # noqa: ARG002 - the port's signature
        """Refuse no event."""
        return 0


@asynccontextmanager
async def access_logs(clock: Clock) -> AsyncIterator[ClientStreamMethod]:
    """The access log service, with an uploader that does everything except sending."""
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


def _unbound(_: RequestAttributes) -> ApiInstance | None:
    """Every entry of the benchmark contains its API, so no lookup is needed."""
    return None
