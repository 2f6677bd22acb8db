"""Translates entries as Envoy makes them, and reads the events."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from envoy.data.accesslog.v3 import accesslog_pb2 as envoy

from adapter.analytics.attribution import BoundApi
from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.observer import Unattributed
from adapter.analytics.translator import EntryTranslator
from adapter.policy.catalog import ApiInstance
from adapter.policy.request.attributes import RequestAttributes

EVENT_ID = "019a0000-0000-7000-8000-000000000000"
ENCODER = EventEncoder(EventOrigin("org-1", "host-1", "HY"))


class Bindings:
    """Binds one route, and records what was asked."""

    def __init__(self) -> None:
        self.asked: list[RequestAttributes] = []

    def bound_api(self, request: RequestAttributes) -> ApiInstance | None:
        """See `attribution.BoundApi`."""
        self.asked.append(request)
        return ApiInstance("42", "bound", "2.0") if request.route_name == "bound" else None


def translating(
    bound_api: BoundApi | None = None,
    *,
    client_ip: bool = True,
    ours: bool = False,
    unchecked: Callable[[str], None] = lambda _: None,
) -> EntryTranslator:
    """A translator, with `Bindings` if no bindings are given; `ours` is for our control plane."""
    return EntryTranslator(
        bound_api or Bindings().bound_api,
        ENCODER,
        include_client_ip=client_ip,
        takes_own_members=lambda: ours,
        unchecked=unchecked,
    )


def translated(
    entry: envoy.HTTPAccessLogEntry, translator: EntryTranslator | None = None
) -> bytes | Unattributed | None:
    """The result for an entry of Envoy's."""
    return (translator or translating()).http(entry.SerializeToString(), EVENT_ID)


def read(event: object) -> dict[str, Any]:
    """An event as the platform reads it."""
    assert isinstance(event, bytes)
    document: dict[str, Any] = json.loads(event)
    return document


def event_of(
    entry: envoy.HTTPAccessLogEntry, translator: EntryTranslator | None = None
) -> dict[str, Any]:
    """The event that an entry becomes."""
    return read(translated(entry, translator))


def response_ms(event: dict[str, Any]) -> int:
    """How long the answer took, by the event's two times."""
    replied, received = (
        datetime.fromisoformat(event[name]) for name in ("replied_ts", "received_ts")
    )
    return (replied - received) // timedelta(milliseconds=1)
