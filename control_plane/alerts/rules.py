"""Rules: what an alert becomes when its value has been measured. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What is measured, by the types of the official protocol. The last three are our own."""

    REQUESTS = "api-request-count"
    VIOLATIONS = "api-policy-violation"
    SERVER_ERRORS = "api-response-code"
    RESPONSE_TIME = "api-response-time"
    ERROR_RATE = "api-error-rate"
    SILENCE = "adapter-silence"
    LOSS = "event-loss"


OF_ENVIRONMENT: Final = frozenset({Kind.SILENCE, Kind.LOSS})
"""What is measured of a whole environment only."""


class Operator(StrEnum):
    """How a value is compared with the threshold."""

    ABOVE = "GREATER_THAN"
    BELOW = "LESS_THAN"


class Unit(StrEnum):
    """Units of a period."""

    MINUTES = "MINUTES"
    HOURS = "HOURS"
    DAYS = "DAYS"


UNITS: Final[Mapping[str, timedelta]] = {
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
}


class Word(StrEnum):
    """How an alert stands."""

    NEW = "not judged yet"
    OK = "ok"
    TRIGGERED = "triggered"
    NO_DATA = "no data"
    TOO_FEW = "too few requests"


class Event(StrEnum):
    """What people are told."""

    TRIGGERED = "triggered"
    REPEATED = "repeated"
    RECOVERED = "recovered"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition, and how often people hear of it while it holds."""

    kind: Kind
    operator: Operator
    threshold: float
    period: timedelta
    periods: int = 1
    """In how many periods in a row the condition has to hold."""
    percent: int = 95
    minimum: int = 0
    repeat: timedelta | None = None

    def holds(self, value: float) -> bool:
        """Whether the condition holds for this value."""
        if self.operator is Operator.ABOVE:
            return value > self.threshold
        return value < self.threshold


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of the rule's periods, the oldest first. None: a period can't be judged."""

    values: tuple[float | None, ...]
    gap: Word = Word.NO_DATA
    """Why the newest period can't be judged, if it can't."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an alert stands, and what people have heard of it."""

    word: Word = Word.NEW
    value: float | None = None
    triggered_at: datetime | None = None
    """Since when the condition holds. It stays while nothing can be judged."""
    notified_at: datetime | None = None


def judge(
    rule: Rule, measured: Measured, before: Standing, now: datetime
) -> tuple[Standing, Event | None]:
    """How the alert stands now, and what people have to be told.

    An alert is triggered when the condition holds in all periods, and recovers when it does not
    hold in the newest. Without a judgement, a triggered alert stays triggered and repeats nothing.
    """
    value = measured.values[-1]
    if value is None:
        word = measured.gap if before.triggered_at is None else Word.TRIGGERED
        return replace(before, word=word, value=None), None
    if before.triggered_at is not None:
        return _while_triggered(rule, value, before, now)
    if all(each is not None and rule.holds(each) for each in measured.values):
        return Standing(Word.TRIGGERED, value, now, now), Event.TRIGGERED
    return Standing(Word.OK, value), None


def _while_triggered(
    rule: Rule, value: float, before: Standing, now: datetime
) -> tuple[Standing, Event | None]:
    if not rule.holds(value):
        return Standing(Word.OK, value), Event.RECOVERED
    standing = replace(before, word=Word.TRIGGERED, value=value)
    told = before.notified_at
    if rule.repeat is None or (told is not None and now - told < rule.repeat):
        return standing, None
    return replace(standing, notified_at=now), Event.REPEATED
