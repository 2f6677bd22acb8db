"""A memo makes each value once and stays within its bounds."""

import pytest

from adapter.analytics.bounded_memo import BoundedMemo


def test_a_value_is_made_once() -> None:
    """A second lookup of a key does not make the value again."""
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    memo = BoundedMemo(make, 2)
    assert [memo[key] for key in ("a", "b", "a", "b")] == ["A", "B", "A", "B"]
    assert made == ["a", "b"]


def test_a_memo_does_not_grow_beyond_its_bound() -> None:
    """Clients choose the keys, but not how much memory they take."""
    memo = BoundedMemo(str, 3)
    assert [memo[number] for number in range(10)] == list("0123456789")
    assert len(memo) <= 3


def test_a_failure_is_not_kept() -> None:
    """A value that could not be made is tried again, and raises again."""
    memo = BoundedMemo(int, 3)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            memo["x"]
    assert not memo
