"""What an alert becomes, for any course of measurements."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.alerts.rules import (
    Event,
    Kind,
    Measured,
    Operator,
    Rule,
    Standing,
    Word,
    judge,
)

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = Rule(Kind.ERROR_RATE, Operator.ABOVE, 5.0, 5 * MINUTE, repeat=3 * MINUTE)

values = st.one_of(st.none(), st.floats(0, 10))


def course(rule: Rule, measured: list[Measured]) -> list[tuple[Standing, Event | None]]:
    """The standing and the event of each minute."""
    standing, found = Standing(), []
    for minute, each in enumerate(measured):
        standing, event = judge(rule, each, standing, START + minute * MINUTE)
        found.append((standing, event))
    return found


def of(*single: float | None) -> list[Measured]:
    """Measurements of one period each."""
    return [Measured((value,)) for value in single]


def test_an_alert_triggers_repeats_and_recovers() -> None:
    """A notice for each, and no other."""
    found = course(RULE, of(1, 6, 7, 8, 9, 9, 9, 9, 2, 1))
    told = {minute: event for minute, (_, event) in enumerate(found) if event}
    assert told == {
        1: Event.TRIGGERED,
        4: Event.REPEATED,
        7: Event.REPEATED,
        8: Event.RECOVERED,
    }
    assert found[7][0].triggered_at == START + MINUTE
    assert found[-1][0] == Standing(Word.OK, 1)


def test_without_a_repetition_people_are_told_once() -> None:
    """Until it recovers."""
    found = course(replace(RULE, repeat=None), of(6, 7, 8, 9, 1))
    assert [event for _, event in found if event] == [Event.TRIGGERED, Event.RECOVERED]


@pytest.mark.parametrize("gap", [Word.NO_DATA, Word.TOO_FEW])
def test_what_is_not_known_is_not_ok(gap: Word) -> None:
    """It is named; and a triggered alert stays triggered, without notices."""
    unknown = Measured((None,), gap)
    found = course(RULE, [unknown, *of(1), unknown, *of(6), *[unknown] * 5, *of(6, 1)])
    words = [standing.word for standing, _ in found]
    assert words[:3] == [gap, Word.OK, gap]
    assert words[3:10] == [Word.TRIGGERED] * 7
    events = [event for _, event in found]
    assert events[3:] == [Event.TRIGGERED, *[None] * 5, Event.REPEATED, Event.RECOVERED]


def test_the_condition_has_to_hold_in_all_periods() -> None:
    """To trigger; for the recovery, the newest period is enough."""
    rows: list[tuple[float | None, ...]] = [
        (9, 1, 9),
        (None, 9, 9),
        (9, 9, 9),
        (1, 9, 9),
        (9, 9, 1),
    ]
    found = course(RULE, [Measured(row) for row in rows])
    events = [event for _, event in found]
    assert events == [None, None, Event.TRIGGERED, None, Event.RECOVERED]


def test_a_value_below_can_trigger() -> None:
    """Such as too few requests."""
    rule = replace(RULE, operator=Operator.BELOW)
    assert [event for _, event in course(rule, of(5, 4, 5))] == [
        None,
        Event.TRIGGERED,
        Event.RECOVERED,
    ]


@given(st.lists(st.tuples(values, values).map(Measured), max_size=40))
def test_notices_make_sense_in_any_course(measured: list[Measured]) -> None:
    """Triggered comes first, repetitions keep their distance, and recovered comes last."""
    triggered, told = False, -99
    for minute, (standing, event) in enumerate(course(RULE, measured)):
        if event is Event.TRIGGERED:
            assert not triggered
            triggered, told = True, minute
        elif event is Event.REPEATED:
            assert triggered
            assert minute - told >= 3
            told = minute
        elif event is Event.RECOVERED:
            assert triggered
            triggered = False
        assert triggered == (standing.word is Word.TRIGGERED)
        assert triggered == (standing.triggered_at is not None)
        newest = measured[minute].values[-1]
        assert standing.value == newest
        assert event is None or newest is not None
        if standing.word is Word.OK:
            assert newest is not None
