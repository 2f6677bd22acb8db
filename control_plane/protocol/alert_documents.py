"""Alerts as the official protocol shows them, and its bodies for them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BeforeValidator, Field, StringConstraints

from control_plane.alerts import definitions
from control_plane.alerts.definitions import EMAIL, MAX_MAILS, PERCENTS
from control_plane.alerts.rules import Kind, Operator, Unit
from control_plane.clock import epoch_ms, iso
from control_plane.errors import Invalid
from control_plane.protocol.bodies import ANSWERED, Body, Name, Uri
from control_plane.store.tables import Alert, AlertStanding

_VERSION: Final = "1.0.0"
_PERCENTILES: Final = {f"P{percent}": percent for percent in PERCENTS}
_HIDDEN: Final = "/***"
"""What stands for the path and the query of a webhook."""

FIELDS: Final[Mapping[str, str]] = {
    "kind": "type",
    "operator": "condition.operator",
    "threshold": "condition.value",
    "period_count": "period.duration.count",
    "periods": "period.repeat",
    "recipients": "recipients",
    "webhook_url": "recipients",
}
"""The members of the document for the columns of an alert."""


class Recipient(Body):
    """Who is told. A webhook is one of ours."""

    type: Literal["user", "email", "webhook"]
    value: Uri
    first_name: Annotated[str, StringConstraints(max_length=256)] = ""
    last_name: Annotated[str, StringConstraints(max_length=256)] = ""


class Condition(Body):
    """What the value is compared with."""

    aggregate: str
    operator: Literal["GREATER_THAN", "LESS_THAN"]
    value: definitions.Threshold
    resource_type: Literal["api", "api-version"] = "api"


class Duration(Body):
    """The length of a period."""

    count: definitions.PeriodCount
    weight: Literal["MINUTES", "HOURS", "DAYS"]


class Period(Body):
    """In how many periods in a row the condition has to hold."""

    repeat: definitions.Periods = 1
    duration: Duration


def _in_capitals(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


# The vendor's command line sends `Critical`, and the resource type `api-version`.
Severity = Annotated[definitions.Severity, BeforeValidator(_in_capitals)]

Type = Literal[
    "api-request-count",
    "api-policy-violation",
    "api-response-code",
    "api-response-time",
    "api-error-rate",
]
"""What is measured of an API instance."""


class AlertChange(Body):
    """What may change about an alert."""

    ignored = ANSWERED | {"apiAlertsVersion", "api", "createdAt", "lastModified", "state"}

    name: Name = ""
    enabled: bool = True
    severity: Severity = "WARNING"
    type: Type = "api-request-count"
    condition: Condition | None = None
    period: Period | None = None
    recipients: Annotated[list[Recipient], Field(max_length=MAX_MAILS + 1)] = Field(
        default_factory=list
    )
    minimum_requests: definitions.Minimum = 0
    repeat_minutes: definitions.RepeatMinutes = 0


class NewAlert(AlertChange):
    """An alert to create."""

    name: Name
    type: Type
    condition: Condition
    period: Period


class Given(NamedTuple):
    """A body as values for the use cases."""

    columns: dict[str, Any]
    webhook: str | None
    """A new URL; empty to remove the webhook, and None to leave it."""


def given_in(body: AlertChange, alert: Alert | None = None) -> Given:
    """The columns that a body gives; `alert` is the one to change. Raise Invalid for bad ones."""
    given = body.model_dump(exclude={"condition", "period", "recipients"})
    if alert is not None:
        given = {name: value for name, value in given.items() if name in body.model_fields_set}
    names = {"type": "kind", "minimum_requests": "minimum"}
    columns = {names.get(name, name): value for name, value in given.items()}
    if body.condition is not None:
        kind = Kind(columns.get("kind") or (alert.kind if alert else ""))
        columns |= _of_condition(kind, body.condition)
    if body.period is not None:
        duration = body.period.duration
        columns |= {"period_count": duration.count, "period_unit": Unit(duration.weight)}
        columns["periods"] = body.period.repeat
    if alert is not None and "recipients" not in body.model_fields_set:
        return Given(columns, None)
    mails, webhook = _of_recipients(body.recipients, alert)
    return Given(columns | {"recipients": mails}, webhook)


def _of_condition(kind: Kind, condition: Condition) -> dict[str, Any]:
    allowed = _aggregates(kind)
    if condition.aggregate not in allowed:
        raise Invalid(f"condition.aggregate: must be {' or '.join(allowed)} for {kind}")
    return {
        "operator": Operator(condition.operator),
        "threshold": condition.value,
        "percent": _PERCENTILES.get(condition.aggregate, 95),
    }


def _aggregates(kind: Kind) -> list[str]:
    if kind is Kind.RESPONSE_TIME:
        return list(_PERCENTILES)
    return ["RATE"] if kind is Kind.ERROR_RATE else ["COUNT"]


def _of_recipients(
    recipients: list[Recipient], alert: Alert | None
) -> tuple[list[dict[str, str]], str | None]:
    urls = [each.value for each in recipients if each.type == "webhook"]
    if len(urls) > 1:
        raise Invalid("recipients: an alert has one webhook at most")
    mails = [each.model_dump() for each in recipients if each.type != "webhook"]
    for number, each in enumerate(recipients):
        if each.type == "email" and not EMAIL.fullmatch(each.value):
            raise Invalid(f"recipients.{number}.value: must be a mail address")
    if alert is not None and alert.webhook_origin and urls == [alert.webhook_origin + _HIDDEN]:
        return mails, None
    return mails, urls[0] if urls else ""


def alert_document(alert: Alert, standing: AlertStanding | None) -> dict[str, Any]:
    """An alert. `minimumRequests`, `repeatMinutes` and `state` are our own.

    `api` is null for an alert of a whole environment, which the official endpoints don't show.
    """
    kind = Kind(alert.kind)
    aggregate = f"P{alert.percent}" if kind is Kind.RESPONSE_TIME else _aggregates(kind)[0]
    return {
        "apiAlertsVersion": _VERSION,
        "api": alert.api and {"id": alert.api.id, "name": alert.api.asset.asset_id},
        "condition": {
            "aggregate": aggregate,
            "operator": alert.operator,
            "value": alert.threshold,
            "resourceType": "api",
        },
        "createdAt": epoch_ms(alert.created_at),
        "enabled": alert.enabled,
        "environmentId": alert.environment_id,
        "id": alert.uid,
        "lastModified": epoch_ms(alert.updated_at or alert.created_at),
        "name": alert.name,
        "organizationId": alert.organization_id,
        "period": {
            "repeat": alert.periods,
            "duration": {"count": alert.period_count, "weight": alert.period_unit},
        },
        "recipients": _recipients(alert),
        "severity": alert.severity,
        "type": alert.kind,
        "minimumRequests": alert.minimum,
        "repeatMinutes": alert.repeat_minutes,
        "state": None if standing is None else _state(standing),
    }


def _recipients(alert: Alert) -> list[dict[str, Any]]:
    found = [
        {
            "type": each["type"],
            "value": each["value"],
            "lastName": each.get("last_name", ""),
            "firstName": each.get("first_name", ""),
        }
        for each in alert.recipients
    ]
    if alert.webhook_origin is not None:
        value = alert.webhook_origin + _HIDDEN
        found.append({"type": "webhook", "value": value, "lastName": "", "firstName": ""})
    return found


def _state(standing: AlertStanding) -> dict[str, Any]:
    return {
        "word": standing.word,
        "value": standing.value,
        "since": iso(standing.triggered_at),
        "judgedAt": iso(standing.judged_at),
    }
