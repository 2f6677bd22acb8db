"""Measures what rules are about: from the rollups, and from what adapters reported.

A query reads the rollups of one rule's periods, in the longest grain that fits, so its cost does
not depend on the number of events.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.alerts import losses
from control_plane.alerts.definitions import MOST_MINUTES
from control_plane.alerts.losses import Lost, Memory
from control_plane.alerts.rules import Kind, Measured, Rule, Word
from control_plane.analytics.periods import Period
from control_plane.analytics.questions import About, Answers, Counts
from control_plane.analytics.response_times import percentile
from control_plane.analytics.rollups import HOUR, MINUTE, QUARTER
from control_plane.analytics.tally import Dimension
from control_plane.clock import epoch_ms
from control_plane.fleet import adapters, standing
from control_plane.fleet.states import duration
from control_plane.store.tables import Adapter

SETTLING: Final = timedelta(seconds=15)
"""How long after its end a period is measured: adapters send events every few seconds."""

_NAMED: Final = 3
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Sources:
    """What is known of one environment at one moment. Reports are read once for all its alerts."""

    environment_id: str
    answers: Answers
    session: Session
    now: datetime

    @cached_property
    def adapters(self) -> Sequence[Adapter]:
        """The adapters that have reported."""
        return self.session.scalars(adapters.of_environment(self.environment_id)).all()

    @cached_property
    def lost(self) -> list[Lost]:
        """What each adapter has lost since its start."""
        outcomes = Adapter.details["events"]["outcomes"]
        query = select(Adapter.id, Adapter.started_at, outcomes)
        rows = self.session.execute(query.where(Adapter.environment_id == self.environment_id))
        return [Lost(row[0], row[1], standing.dropped(row[2])) for row in rows]

    @cached_property
    def is_reporting(self) -> bool:
        """Whether an adapter is there, so that no events means no requests."""
        return any(not standing.silent(adapter, self.now) for adapter in self.adapters)

    @cached_property
    def newest_ms(self) -> int:
        """When the newest event came."""
        return self.answers.newest_ms(self.environment_id) or 0


def measure(
    sources: Sources, rule: Rule, api_id: int | None, memory: Memory
) -> tuple[Measured, Memory]:
    """The values of the rule's periods, and what to remember for the next time."""
    if rule.kind is Kind.SILENCE:
        return _silence(sources.adapters, rule, sources.now), memory
    if rule.kind is Kind.LOSS:
        return _loss(sources, rule, memory)
    return _requests(sources, rule, About(sources.environment_id, api_id)), memory


def _silence(found: Iterable[Adapter], rule: Rule, now: datetime) -> Measured:
    """The longest silence in minutes."""
    silences = {adapter.instance_id: now - adapter.reported_at for adapter in found}
    if not silences:
        return Measured((None,))
    over = sorted(
        (name for name, silence in silences.items() if rule.holds(silence / MINUTE)),
        key=lambda name: -silences[name],
    )
    named = [f"{name} has been silent for {duration(silences[name])}" for name in over[:_NAMED]]
    more = [f"{len(over) - _NAMED} more"] if len(over) > _NAMED else []
    return Measured((max(silences.values()) / MINUTE,), detail=", ".join(named + more))


def _loss(sources: Sources, rule: Rule, memory: Memory) -> tuple[Measured, Memory]:
    """The events lost within the period."""
    if not sources.adapters:
        return Measured((None,)), memory
    after = losses.remembered(memory, sources.lost, rule.period, sources.now)
    return Measured((float(losses.total(after)),)), after


def _requests(sources: Sources, rule: Rule, about: About) -> Measured:
    periods = _periods(rule, sources.now)
    if not sources.is_reporting and sources.newest_ms < periods.edges[-2]:
        return Measured((None,), Word.NO_DATA)
    ask = sources.answers.over_time
    if rule.kind is Kind.VIOLATIONS:
        values = [float(c.total()) for c in ask(about, Dimension.VIOLATION, periods)]
    elif rule.kind is Kind.RESPONSE_TIME:
        counts = ask(about, Dimension.RESPONSE_TIME, periods)
        return Measured(tuple(_time(rule, each) for each in counts), Word.TOO_FEW)
    else:
        counts = ask(about, Dimension.CLASS, periods)
        return Measured(tuple(_of_classes(rule, each) for each in counts), Word.TOO_FEW)
    return Measured(tuple(values))


def _of_classes(rule: Rule, classes: Counts) -> float | None:
    requests = classes.total()
    if rule.kind is Kind.REQUESTS:
        return float(requests)
    if rule.kind is Kind.SERVER_ERRORS:
        return float(classes["5xx"])
    return 100 * classes["5xx"] / requests if requests >= max(1, rule.minimum) else None


def _time(rule: Rule, times: Counts) -> float | None:
    if times.total() < rule.minimum:
        return None
    return percentile({int(number): count for number, count in times.items()}, rule.percent)


def _periods(rule: Rule, now: datetime) -> Period:
    """The rule's periods. The last one ends with the last whole step that has settled."""
    step = _step(rule.period * rule.periods)
    end = epoch_ms(now - SETTLING)
    end -= end % (step // _MILLISECOND)
    length = rule.period // _MILLISECOND
    edges = tuple(end - length * back for back in range(rule.periods, -1, -1))
    return Period(edges, step)


def _step(span: timedelta) -> timedelta:
    """How far the periods move at a time: long spans in long steps, which read fewer rows.

    `definitions` allows no span that the step does not divide.
    """
    if span <= MOST_MINUTES:
        return MINUTE
    return QUARTER if span <= timedelta(days=4) else HOUR
