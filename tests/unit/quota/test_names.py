"""Names that may leave the process."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.quota.names import NAME_BYTES, WindowNames

KEYS = st.lists(st.text(), max_size=3).map(tuple)


@given(one=KEYS, other=KEYS)
def test_different_keys_have_different_names(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Nobody counts against another's limit, whatever a client puts into a key."""
    names = WindowNames()
    assert (names.name(one) == names.name(other)) is (one == other)


def test_names_are_the_same_everywhere() -> None:
    """In every process and version: another algorithm would begin all windows anew."""
    assert WindowNames().name(("7", "p", "é\ud800")).hex() == "cf14e94c32a8810e7aa750387815b0c8"
    assert len(WindowNames().name(())) == NAME_BYTES


def test_a_secret_makes_other_names() -> None:
    """Who lacks it cannot try out guesses."""
    key = ("7", "policy", "admin")
    assert len({WindowNames(secret).name(key) for secret in (b"", b"one", b"two")}) == 3
