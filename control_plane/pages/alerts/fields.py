"""The fields of the form for an alert."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from control_plane.alerts import definitions
from control_plane.alerts.definitions import EMAIL, MAX_MAILS, PERCENTS, faults_of
from control_plane.alerts.rules import Kind, Operator, Unit
from control_plane.alerts.words import KINDS, plain_number
from control_plane.pages.forms import Fields, InvalidForm, OneLine, Posted, sentence
from control_plane.store.tables import Alert

CHOICES: Final[Mapping[str, Any]] = {
    "kinds": [*KINDS.items()],
    "operators": [(Operator.ABOVE, "more than"), (Operator.BELOW, "less than")],
    "percents": [(percent, f"{percent}th percentile") for percent in PERCENTS],
    "units": [(unit, unit.lower()) for unit in Unit],
    "severities": [("CRITICAL", "Critical"), ("WARNING", "Warning"), ("INFO", "Information")],
}
"""What can be chosen, with its words."""

_WORDS: Final = {
    value: f'"{word}"' for name in ("kinds", "operators") for value, word in CHOICES[name]
}

NEW: Final = {
    "kind": Kind.ERROR_RATE,
    "operator": Operator.ABOVE,
    "threshold": "5",
    "percent": "95",
    "period_count": "5",
    "period_unit": Unit.MINUTES,
    "periods": "1",
    "minimum": "20",
    "repeat_minutes": "60",
    "severity": "WARNING",
    "enabled": "true",
}
"""What the form of a new alert begins with."""

LABELS: Final = {
    "name": "Name",
    "enabled": "Watch it",
    "severity": "Severity",
    "kind": "What is measured",
    "operator": "Comparison",
    "threshold": "Threshold",
    "percent": "Percentile",
    "period_count": "Period",
    "period_unit": "Unit of the period",
    "periods": "Periods in a row",
    "minimum": "Least requests",
    "repeat_minutes": "Repeat after minutes",
    "mails": "Mail addresses",
    "webhook_url": "Webhook",
}
"""The fields to compare if somebody else has changed the alert."""


class _AlertFields(Fields):
    name: Annotated[str, Field(max_length=256), OneLine]
    enabled: bool = False
    severity: definitions.Severity
    kind: Kind
    operator: Operator
    threshold: definitions.Threshold
    percent: Literal["50", "95", "99"]
    period_count: definitions.PeriodCount
    period_unit: Unit
    periods: definitions.Periods
    minimum: definitions.Minimum = 0
    repeat_minutes: definitions.RepeatMinutes = 0


class _Webhook(Fields):
    webhook_url: Annotated[str, Field(max_length=2000)] = ""


def columns_of(form: Posted, api_id: int | None, alert: Alert | None = None) -> dict[str, Any]:
    """The columns of the alert; raise InvalidForm, which names the fields that are wrong."""
    columns = form.checked(_AlertFields).model_dump()
    columns["percent"] = int(columns["percent"])
    mails, errors = _mails(form.text("mails"))
    faults = faults_of(columns, api_id, _WORDS.__getitem__)
    errors |= {name: sentence(text) for name, text in faults.items()}
    if errors:
        raise InvalidForm(errors)
    users = [each for each in (alert.recipients if alert else ()) if each["type"] == "user"]
    return columns | {"recipients": [*users, *mails]}


def _mails(text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The addresses, one on each line, and what is wrong with them."""
    lines = [line.strip() for line in text.replace(",", "\n").split("\n")]
    mails = [*dict.fromkeys(line for line in lines if line)]
    if len(mails) > MAX_MAILS:
        return [], {"mails": f"Give at most {MAX_MAILS} addresses."}
    wrong = [mail for mail in mails if not EMAIL.fullmatch(mail)]
    errors = {"mails": f"{wrong[0][:100]} is no mail address."} if wrong else {}
    return [{"type": "email", "value": mail} for mail in mails], errors


def webhook_of(form: Posted) -> str | None:
    """A new URL; empty to remove the webhook, and None to leave it."""
    url = form.checked(_Webhook).webhook_url
    if url:
        return url
    return "" if form.text("remove_webhook") else None


def values_of(alert: Alert) -> dict[str, str]:
    """The values of the form's fields. The webhook's URL may be a secret, and is not shown."""
    texts = ("name", "severity", "kind", "operator", "period_unit")
    numbers = ("percent", "period_count", "periods", "minimum", "repeat_minutes")
    mails = [each["value"] for each in alert.recipients if each["type"] == "email"]
    return {
        **{name: str(getattr(alert, name)) for name in texts + numbers},
        "threshold": plain_number(alert.threshold).replace(",", ""),
        "enabled": "true" if alert.enabled else "",
        "mails": "\n".join(mails),
    }
