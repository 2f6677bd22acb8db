"""Analytics ingest: gzip batches of events from gateways.

A batch that is sent again after a lost answer does no harm: known event ids are dropped. One
bad event does not hold up the others: it is named in the answer, and they are stored.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Annotated, Any, Literal, NotRequired

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json
from typing_extensions import TypedDict

from control_plane.access import Caller, Role
from control_plane.analytics_store import EventRow, events
from control_plane.clock import epoch_ms
from control_plane.errors import BadRequest, Forbidden, TooLarge
from control_plane.validation import complaint
from control_plane.web import MAX_ID, InCaller, InServices, Services

INGEST_PATH = "/v2/analytics/events"

router = APIRouter()

Text = Annotated[str, Field(strict=True, max_length=500)]
Id = Annotated[int, Field(strict=True, ge=1, le=MAX_ID)]
ByteCount = Annotated[int, Field(strict=True, ge=-1, le=2**53)]

# Clocks differ a little; a date far ahead would stay in every chart, and past every clean-up.
_MAX_AHEAD = timedelta(hours=1)


class PolicyViolation(BaseModel):
    """Which policy refused the request."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    policy_id: Annotated[str, Field(max_length=500)] | None = None
    policy_name: Text | None = None
    outcome: Literal["VIOLATION", "ERROR"] = "VIOLATION"


class Event(TypedDict):
    """One request, as gateways report it (analytics event schema of the Mule gateway).

    A dictionary, since thousands come in a second: checking it costs half of what a model does.
    """

    event_id: Annotated[str, Field(strict=True, min_length=1, max_length=100)]
    api_id: Id
    api_name: NotRequired[Text | None]
    api_version: NotRequired[Text | None]
    api_version_id: NotRequired[Id | None]
    org_id: NotRequired[Text | None]
    host_id: NotRequired[Text | None]
    client_id: NotRequired[Text | None]
    application_name: NotRequired[Text | None]
    transaction_id: NotRequired[Text | None]
    received_ts: AwareDatetime
    replied_ts: NotRequired[AwareDatetime | None]
    client_ip: NotRequired[Text | None]
    verb: Annotated[str, Field(strict=True, min_length=1, max_length=100)]
    path: Annotated[str, Field(strict=True, max_length=500)]
    status_code: Annotated[int, Field(strict=True, ge=0, le=999)]
    user_agent: NotRequired[Text | None]
    request_bytes: NotRequired[ByteCount]
    response_bytes: NotRequired[ByteCount]
    request_disposition: Annotated[str, Field(strict=True, min_length=1, max_length=50)]
    policy_violation: NotRequired[PolicyViolation | None]
    deployment_type: NotRequired[Text | None]


_check: Callable[[object], Event] = TypeAdapter(Event).validate_python

_columns: Callable[[Mapping[str, Any]], EventRow] = itemgetter(*events.columns.keys())
_UNSAID: dict[str, Any] = dict.fromkeys(events.columns.keys()) | {
    "request_bytes": -1,
    "response_bytes": -1,
}


def _row(event: Event, environment_id: str) -> EventRow:
    """The event as the store has it."""
    values = _UNSAID | event
    received_ms, replied = epoch_ms(event["received_ts"]), event.get("replied_ts")
    violation = event.get("policy_violation")
    values.update(
        environment_id=environment_id,
        received_ms=received_ms,
        response_time_ms=replied and max(0, epoch_ms(replied) - received_ms),
        # Gateways leave the query out; should one not, its secrets still stop here.
        path=event["path"].partition("?")[0],
        policy_id=violation and violation.policy_id,
        policy_name=violation and violation.policy_name,
        policy_outcome=violation and violation.outcome,
    )
    return _columns(values)


@router.post(INGEST_PATH)
async def ingest(request: Request, caller: InCaller, services: InServices) -> dict[str, Any]:
    """Store a batch; the answer counts accepted and known events and names the rejected ones."""
    if caller.role is not Role.GATEWAY or caller.environment_id is None:
        raise Forbidden("events are sent with a gateway's token, which names their environment")
    body = await request.body()
    return await run_in_threadpool(_store, body, caller, caller.environment_id, services)


def _store(body: bytes, caller: Caller, environment_id: str, services: Services) -> dict[str, Any]:
    batch = _batch(body, services.settings.max_analytics_unpacked_mib << 20)
    if len(batch) > services.settings.max_analytics_events:
        raise TooLarge(f"more than {services.settings.max_analytics_events} events in a batch")
    now = services.clock.now()
    rows, rejected = [], []
    for index, document in enumerate(batch):
        try:
            event = _checked(document, caller.organization_id, now)
            rows.append(_row(event, environment_id))
        except (ValidationError, BadRequest) as error:
            rejected.append({"index": index, "error": _reason(error)})
    accepted = services.events.add(rows, now)
    return {"accepted": accepted, "duplicates": len(rows) - accepted, "rejected": rejected}


def _batch(body: bytes, limit: int) -> list[Any]:
    try:
        batch = _parsed(unpack(body, limit))
    except (ValueError, RecursionError) as error:
        raise BadRequest("the unpacked body is not JSON") from error
    if not isinstance(batch, list):
        raise BadRequest("the body must be a JSON array of events")
    return batch


def _parsed(unpacked: bytes) -> Any:
    try:
        return from_json(unpacked)
    except ValueError:
        # Slower, but it takes half a surrogate pair: the event with it shall be rejected alone.
        return json.loads(unpacked)


def unpack(body: bytes, limit: int) -> bytes:
    """What is in a gzip body; raise TooLarge before it takes more than `limit` bytes."""
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unzip.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadRequest("the body is not gzip") from error
    if len(unpacked) > limit:
        raise TooLarge(f"the body unpacks to more than {limit} bytes; send smaller batches")
    if not unzip.eof or unzip.unused_data:
        raise BadRequest("the body is not exactly one whole gzip member")
    return unpacked


def _checked(document: object, organization_id: str, now: datetime) -> Event:
    event = _check(document)
    if event.get("org_id") not in (None, organization_id):
        raise BadRequest("org_id: not the organization of this token")
    if event["received_ts"] > now + _MAX_AHEAD:
        raise BadRequest("received_ts: in the future; check the gateway's clock")
    return event


def _reason(error: ValidationError | BadRequest) -> str:
    return error.message if isinstance(error, BadRequest) else complaint(error.errors())
