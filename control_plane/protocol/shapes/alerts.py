"""Alerts."""

from datetime import datetime
from typing import NotRequired

from typing_extensions import TypedDict


class ApiOfAlert(TypedDict):
    """The API instance of an alert."""

    id: int
    name: str


class AlertCondition(TypedDict):
    """When an alert is triggered."""

    aggregate: str
    operator: str
    value: float
    resourceType: str


class AlertPeriodLength(TypedDict):
    """The length of a period."""

    count: int
    weight: str


class AlertPeriod(TypedDict):
    """How many periods in a row must meet the condition, and how long each is."""

    repeat: int
    duration: AlertPeriodLength


class AlertRecipient(TypedDict):
    """Who gets notices. The value of a webhook shows only where it is."""

    type: str
    value: str
    lastName: str
    firstName: str


class State(TypedDict):
    """What the last judgement said."""

    word: str
    value: float | None
    since: datetime | None
    judgedAt: datetime | None


class Alert(TypedDict):
    """An alert; `api` is null for one of a whole environment."""

    apiAlertsVersion: str
    api: ApiOfAlert | None
    condition: AlertCondition
    createdAt: int
    """Milliseconds since 1970, as `lastModified`."""
    enabled: bool
    environmentId: str
    id: str
    lastModified: int
    name: str
    organizationId: str
    period: AlertPeriod
    recipients: list[AlertRecipient]
    severity: str
    type: str
    minimumRequests: int
    repeatMinutes: int
    state: State | None
    webhookSecret: NotRequired[str]
    """Only in the answer that makes the webhook."""
