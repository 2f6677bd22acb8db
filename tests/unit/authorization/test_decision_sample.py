"""Which allowed requests get an id."""

import random
import re

import pytest

from adapter.authorization.decision_sample import DecisionSample
from tests.rig.clock import FakeClock


def picked(share: float, requests: int) -> list[int]:
    """The numbers of the requests that are picked."""
    sample = DecisionSample(FakeClock(), share, random.Random(1).random)  # noqa: S311 - chooses requests, not a secret
    return [number for number in range(requests) if sample.pick()]


def test_all_or_none() -> None:
    """The ends of the setting."""
    assert picked(0, 1000) == []
    assert picked(1, 1000) == [*range(1000)]


@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 0.999])
def test_about_the_share_is_picked(share: float) -> None:
    """Within four standard deviations, for this sequence of random numbers."""
    expected = share * 100_000
    deviation = (expected * (1 - share)) ** 0.5
    assert abs(len(picked(share, 100_000)) - expected) < 4 * deviation


def test_the_choice_has_no_rhythm() -> None:
    """Of traffic that alternates between two APIs, both are picked."""
    assert {number % 2 for number in picked(0.01, 10_000)} == {0, 1}


def test_ids_are_those_of_decisions() -> None:
    """Unique, and of one form with those of denials."""
    sample = DecisionSample(FakeClock(), 1)
    ids = [sample.pick() for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(re.fullmatch("[0-9a-f]{20}", one) for one in ids)


def test_a_tiny_share_is_possible() -> None:
    """The next request may be more requests away than a counter holds."""
    assert picked(1e-300, 10) == picked(5e-324, 10) == []
