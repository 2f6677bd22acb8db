"""Answers about events: what became of a batch, exports, summaries, quotas and the archive."""

from datetime import datetime
from typing import NotRequired

from typing_extensions import TypedDict


class Rejected(TypedDict):
    """An event that was not stored."""

    index: int
    error: str


class BatchAnswer(TypedDict):
    """What became of a batch of events."""

    accepted: int
    duplicates: int
    rejected: list[Rejected]


ExportedEvents = list[dict[str, str | int | float | None]]
"""Events by the titles of the fields that were asked for."""


class Group(TypedDict):
    """The numbers of one group of requests."""

    key: str | int | None
    name: str | int | None
    count: int
    requestBytes: int
    responseBytes: int
    responseTimeAvgMs: float | None
    responseTimeMaxMs: float | None


class Summary(TypedDict):
    """Numbers of requests, in groups."""

    groupBy: str
    startDate: datetime
    endDate: datetime
    total: int
    groups: list[Group]


class LimitOfTier(TypedDict):
    """A limit of the application's tier, and how much of it is used."""

    limit: int
    periodSeconds: float
    used: int
    left: int
    resetsAt: datetime | None
    asOf: datetime | None


class CommonLimit(TypedDict):
    """A limit that is not the application's own."""

    policy: str
    limit: int
    periodSeconds: float
    countedFor: str


class QuotaOfApi(TypedDict):
    """The limits of one contract."""

    apiId: int
    name: str
    version: str
    environmentId: str
    tier: str | None
    tierIsApplied: bool
    limits: list[LimitOfTier]
    refusedLastDay: int
    refusedLastWeek: int
    commonLimits: list[CommonLimit]


class Quota(TypedDict):
    """The limits of an application."""

    clientId: str
    name: str
    total: int
    apis: list[QuotaOfApi]


class Resource(TypedDict):
    """An entry of a folder of the archive; files have a time and a size in bytes."""

    id: str | int
    time: NotRequired[str]
    size: NotRequired[int]


class Resources(TypedDict):
    """A folder of the archive."""

    resources: list[Resource]
