"""Reads events: checks what gateways send, and makes rows for the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

from control_plane.analytics.decision import Answerer, Decision
from control_plane.analytics.path_templates import path_template
from control_plane.analytics.tally import EventRow
from control_plane.analytics.user_agents import agent_family
from control_plane.clock import epoch_ms
from control_plane.errors import Invalid
from control_plane.store.tables import MAX_ID
from control_plane.store.tables.events import events

# SQLite's text functions stop at a NUL, and no request can carry one.
_NO_NUL = r"^[^\x00]*$"

Text = Annotated[str, Field(strict=True, max_length=500, pattern=_NO_NUL)]
Id = Annotated[int, Field(strict=True, ge=1, le=MAX_ID)]
ByteCount = Annotated[int, Field(strict=True, ge=-1, le=2**53)]

MAX_AHEAD = timedelta(hours=1)
"""How far a gateway's clock may be ahead of ours. Later events would stay in every chart."""


class PolicyViolation(BaseModel):
    """Which policy refused the request."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    policy_id: Annotated[str, Field(max_length=500, pattern=_NO_NUL)] | None = None
    policy_name: Text | None = None
    outcome: Literal["VIOLATION", "ERROR"] = "VIOLATION"


class Event(TypedDict):
    """One request, as gateways report it (analytics event schema of the Mule gateway).

    A dictionary, because checking it costs half as much as a model, and thousands come each second.
    """

    event_id: Annotated[str, Field(strict=True, min_length=1, max_length=100, pattern=_NO_NUL)]
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
    verb: Annotated[str, Field(strict=True, min_length=1, max_length=100, pattern=_NO_NUL)]
    path: Text
    status_code: Annotated[int, Field(strict=True, ge=0, le=999)]
    user_agent: NotRequired[Text | None]
    request_bytes: NotRequired[ByteCount]
    response_bytes: NotRequired[ByteCount]
    request_disposition: Annotated[
        str, Field(strict=True, min_length=1, max_length=50, pattern=_NO_NUL)
    ]
    policy_violation: NotRequired[PolicyViolation | None]
    deployment_type: NotRequired[Text | None]
    answered_by: NotRequired[Answerer | None]
    response_details: NotRequired[Text | None]
    decision: NotRequired[Decision | None]


_check: Callable[[object], Event] = TypeAdapter(Event).validate_python

_columns: Callable[[Mapping[str, Any]], EventRow] = itemgetter(*events.columns.keys())
_UNSAID: dict[str, Any] = dict.fromkeys(events.columns.keys()) | {
    "request_bytes": -1,
    "response_bytes": -1,
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends the events, and the times that they may have, in milliseconds since 1970."""

    organization_id: str
    environment_id: str
    earliest_ms: int
    latest_ms: int

    @classmethod
    def at(
        cls, now: datetime, retention: timedelta, *, organization_id: str, environment_id: str
    ) -> "Sender":
        """A sender whose events arrive now, to be kept for `retention`."""
        earliest, latest = epoch_ms(now - retention), epoch_ms(now + MAX_AHEAD)
        return cls(organization_id, environment_id, earliest, latest)


def event_row(document: object, sender: Sender) -> EventRow:
    """The row of an event; raise ValidationError or Invalid if the document is no event."""
    event = _check(document)
    if event.get("org_id") not in (None, sender.organization_id):
        raise Invalid("org_id: not the organization of this token")
    received_ms, response_time_ms = _times(event, sender)
    violation, decision = event.get("policy_violation"), event.get("decision")
    # Gateways leave the query out; should one not, its secrets still stop here.
    path = event["path"].partition("?")[0]
    return _columns(
        _UNSAID
        | event
        | {
            "organization_id": sender.organization_id,
            "environment_id": sender.environment_id,
            "received_ms": received_ms,
            "response_time_ms": response_time_ms,
            "path": path,
            "path_template": path_template(path),
            "agent": agent_family(event.get("user_agent")),
            "policy_id": violation and violation.policy_id,
            "policy_name": violation and violation.policy_name,
            "policy_outcome": violation and violation.outcome,
            "decision_id": decision and decision.id,
            "decision": decision and decision.stored(),
        }
    )


def _times(event: Event, sender: Sender) -> tuple[int, int | None]:
    """When the request came, and how long the answer took."""
    received_ms, replied = epoch_ms(event["received_ts"]), event.get("replied_ts")
    if received_ms < sender.earliest_ms:
        raise Invalid("received_ts: longer ago than events are kept")
    if received_ms > sender.latest_ms:
        raise Invalid("received_ts: in the future; check the gateway's clock")
    if replied is None:
        return received_ms, None
    response_time_ms = epoch_ms(replied) - received_ms
    if response_time_ms < 0:
        raise Invalid("replied_ts: before received_ts")
    if received_ms + response_time_ms > sender.latest_ms:
        raise Invalid("replied_ts: in the future; check the gateway's clock")
    return received_ms, response_time_ms
