"""Analytics ingest: gzip batches of events from gateways.

A batch that is sent again after a lost answer does no harm: known event ids are dropped. One
bad event does not affect the others: it is named in the answer, and they are stored.
"""

import json
import zlib
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from pydantic_core import from_json

from control_plane.accounts.callers import Caller
from control_plane.analytics.event import Event, Sender, event_row
from control_plane.errors import Forbidden, Invalid, TooLarge
from control_plane.field_errors import field_errors
from control_plane.protocol.described import answers, reads, refuses
from control_plane.protocol.scope import InCaller, InServices
from control_plane.protocol.shapes import analytics as shapes
from control_plane.services import Services

INGEST_PATH = "/v2/analytics/events"

_MAX_REASON = 200
"""Characters for each refused event. A gateway that can't read a huge answer sends all again."""

_MAX_DIGITS = 4300
"""Python refuses to read longer integers."""

_GZIP = {
    "name": "Content-Encoding",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "enum": ["gzip"]},
}

router = APIRouter()


@router.post(INGEST_PATH, openapi_extra={"parameters": [_GZIP]})
@reads(list[Event])
@answers(shapes.BatchAnswer)
@refuses(Forbidden)
async def ingest(request: Request, caller: InCaller, services: InServices) -> dict[str, Any]:
    """Store a batch; the answer counts accepted and known events and names the rejected ones."""
    environment_id = caller.gateway_environment()
    body = await request.body()
    work = partial(_store, body, caller, environment_id, services)
    return await services.event_writes.run(work)


def _store(body: bytes, caller: Caller, environment_id: str, services: Services) -> dict[str, Any]:
    batch = _batch(body, services.settings.max_analytics_unpacked_mib << 20)
    if len(batch) > services.settings.max_analytics_events:
        raise TooLarge(f"more than {services.settings.max_analytics_events} events in a batch")
    now = services.clock.now()
    sender = Sender.at(
        now,
        services.events.retention,
        organization_id=caller.organization_id,
        environment_id=environment_id,
    )
    rows, rejected = [], []
    for index, document in enumerate(batch):
        try:
            rows.append(event_row(document, sender))
        except (ValidationError, Invalid) as error:
            rejected.append({"index": index, "error": _reason(error)})
    accepted = services.events.add(rows, now)
    return {"accepted": accepted, "duplicates": len(rows) - accepted, "rejected": rejected}


def _batch(body: bytes, limit: int) -> list[Any]:
    try:
        batch = _parsed(unpack(body, limit))
    except ValueError as error:
        raise Invalid("the unpacked body is not JSON") from error
    except RecursionError as error:
        raise Invalid("the unpacked body nests too deeply; an event has two levels") from error
    if not isinstance(batch, list):
        raise Invalid("the body must be a JSON array of events")
    return batch


def _parsed(unpacked: bytes) -> Any:
    try:
        return from_json(unpacked)
    except ValueError:
        # Slower, but it takes half a surrogate pair, a huge number or some hundred levels: the
        # event with them is to be rejected alone.
        return json.loads(unpacked, parse_int=_integer)


def _integer(digits: str) -> int | str:
    """The number, or its digits if it is too long. No field accepts that many digits."""
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def unpack(body: bytes, limit: int) -> bytes:
    """The content of a gzip body; raise TooLarge before it uses more than `limit` bytes."""
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unzip.decompress(body, limit + 1)
    except zlib.error as error:
        raise Invalid("the body is not gzip") from error
    if len(unpacked) > limit:
        raise TooLarge(f"the body unpacks to more than {limit} bytes; send smaller batches")
    if not unzip.eof or unzip.unused_data:
        raise Invalid("the body is not exactly one whole gzip member")
    return unpacked


def _reason(error: ValidationError | Invalid) -> str:
    reason = error.message if isinstance(error, Invalid) else field_errors(error.errors())
    return reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]}..."
