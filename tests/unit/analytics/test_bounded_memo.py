"""What is made once is remembered, within bounds."""

import pytest

from adapter.analytics.bounded_memo import BoundedMemo


def test_made_once() -> None:
    """The same key again costs nothing."""
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    remembered = BoundedMemo(make, 2)
    assert [remembered[key] for key in ("a", "b", "a", "b")] == ["A", "B", "A", "B"]
    assert made == ["a", "b"]


def test_bounded() -> None:
    """Whoever chooses the keys does not choose how much memory they take."""
    remembered = BoundedMemo(str, 3)
    assert [remembered[number] for number in range(10)] == list("0123456789")
    assert len(remembered) <= 3


def test_failure_is_not_remembered() -> None:
    """What cannot be made is tried again, and raises again."""
    remembered = BoundedMemo(int, 3)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            remembered["x"]
    assert not remembered
