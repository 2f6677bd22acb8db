"""The words for how an adapter is doing."""

from datetime import UTC, datetime, timedelta

import pytest

from control_plane.fleet.states import Missing, State, Word, duration, is_silent, state_of, worst

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
POLL = timedelta(seconds=15)


def missing(age_s: float, number: int = 1, poll: timedelta = POLL) -> Missing:
    """A change that was saved so long ago."""
    return Missing(number, NOW - timedelta(seconds=age_s), poll)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ([], "in sync"),
        ([missing(1)], "applying"),
        ([missing(35)], "applying"),
        ([missing(36)], "behind by 1 revision and 36 s"),
        ([missing(1), missing(300, 2), missing(65, 3)], "behind by 3 revisions and 5 min"),
        ([missing(100, poll=timedelta(minutes=1))], "applying"),
        ([missing(-40)], "applying"),
    ],
    ids=["none", "new", "two polls", "more", "several", "slow poll", "clock set back"],
)
def test_what_is_missing_decides(changes: list[Missing], text: str) -> None:
    """Two polls are the usual time; then it is late."""
    assert state_of(changes, NOW).text == text


def test_a_closed_api_is_rejected_with_the_reason() -> None:
    """Whether or not something newer is on its way."""
    state = state_of([missing(500)], NOW, fault="policy 1: no")
    assert (state.text, state.why, state.revisions) == ("rejected", "policy 1: no", 1)


def test_silence_is_unknown_whatever_it_said() -> None:
    """Old news are no alarm."""
    assert state_of([missing(500)], NOW, silent=True, fault="closed").text == "unknown"


def test_what_the_platform_has_not_confirmed_is_not_in_sync() -> None:
    """An adapter that started from its disk copy."""
    state = state_of([], NOW, unconfirmed="the last poll failed")
    assert (state.word, state.why) == (Word.APPLYING, "the last poll failed")
    assert state_of([missing(500)], NOW, unconfirmed="not yet").why == "not yet"


@pytest.mark.parametrize(("age_s", "silent"), [(0, False), (50, False), (51, True), (-9, False)])
def test_silence_begins_after_three_intervals(age_s: float, silent: bool) -> None:
    """And a little more, because reports travel."""
    assert is_silent(NOW - timedelta(seconds=age_s), POLL, NOW) == silent


def test_the_worst_part_is_the_state_of_the_whole() -> None:
    """Nothing is in sync without exception."""
    assert worst([]).word == Word.IN_SYNC
    assert worst([State(Word.APPLYING), State(Word.REJECTED), State(Word.BEHIND)]).word == (
        Word.REJECTED
    )


def test_behind_without_a_count_is_just_behind() -> None:
    """No "0 revisions"."""
    assert State(Word.BEHIND).text == "behind"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7500, "2 h 5 min"),
        (49 * 3600, "2 d 1 h"),
    ],
)
def test_times_are_short(seconds: float, text: str) -> None:
    """Two units at most."""
    assert duration(timedelta(seconds=seconds)) == text
