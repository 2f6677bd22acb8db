"""Numbers as people read them."""

import pytest

from control_plane.pages.analytics.figures import duration, points, rate, relative, size


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "-"),
        (0, "0 ms"),
        (1.23456, "1.23 ms"),
        (345.6, "346 ms"),
        (1234, "1.23 s"),
        (2e6, "2,000 s"),
    ],
)
def test_response_times(milliseconds: float | None, text: str) -> None:
    """Three digits are enough."""
    assert duration(milliseconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (10**15, "1 PB"), (10**19, "10,000 PB")],
)
def test_sizes(number: int, text: str) -> None:
    """In units of 1000."""
    assert size(number) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (None, 5, ""),
        (5, 0, "none before"),
        (0, 0, ""),
        (10, 10.01, "as before"),
        (15, 10, "+50%"),
        (0, 10, "-100%"),
    ],
)
def test_changes(now: float | None, before: float, text: str) -> None:
    """In percent of what was before."""
    assert relative(now, before) == text


def test_rates() -> None:
    """Rates change by percentage points."""
    assert (rate(None), rate(0.5)) == ("-", "50.0%")
    assert points(0.25, 0.2) == "+5.0 points"
    assert points(0.2, 0.2) == "as before"
    assert points(None, 0.2) == ""
