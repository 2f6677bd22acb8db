"""Writes a report as JSON, within a size, while Checks go on."""

import json
from collections.abc import Iterator
from typing import Any, Final

from adapter.platform_client.reports.report import (
    MOST_APIS,
    ReportedAdapter,
    ReportedApi,
    adapter_document,
    api_document,
)
from adapter.runtime.fairness import in_slices

MOST_BYTES: Final = 768 * 1024
"""Our control plane takes 1 MiB."""
_SLICE: Final = 20
"""APIs to encode at once: they take as long as a few Checks."""


async def encoded(adapter: ReportedAdapter, apis: Iterator[ReportedApi]) -> bytes:
    """The whole report. If it has no room for all APIs, `apisLeftOut` says how many are missing."""
    head = _json(adapter_document(adapter))
    parts: list[bytes] = []
    room = MOST_BYTES - len(head)
    left_out = 0
    async for some in in_slices(apis, _SLICE):
        for api in some:
            part = _json(api_document(api))
            if len(part) < room and len(parts) < MOST_APIS:
                parts.append(part)
                room -= len(part) + 1
            else:
                left_out += 1
    tail = b',"apisLeftOut":%d,"apis":[%b]}' % (left_out, b",".join(parts))
    return head[:-1] + tail


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
