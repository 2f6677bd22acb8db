"""Ids of events: UUIDs of version 7."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from adapter.analytics.event_id import uuids7, uuids7_in_a_row


@given(unix_ms=st.integers(0, 2**48 - 1), random=st.binary(min_size=30, max_size=30))
def test_ids_are_uuids_of_version_7(unix_ms: int, random: bytes) -> None:
    """There is one for each ten random bytes, in the standard's variant, the time in front."""
    parsed = [uuid.UUID(text) for text in uuids7(unix_ms, random)]
    assert [(one.version, one.variant) for one in parsed] == [(7, uuid.RFC_4122)] * 3
    assert {one.int >> 80 for one in parsed} == {unix_ms}


@given(first=st.integers(0, 2**48 - 2))
def test_uuids_sort_by_time(first: int) -> None:
    """Later ids sort after earlier ones, so that a platform's index grows at its end."""
    (earlier,), (later,) = uuids7(first, b"\xff" * 10), uuids7(first + 1, b"\x00" * 10)
    assert earlier < later


def test_uuids_use_all_their_randomness() -> None:
    """Each of 74 random bits reaches the id: ids of one millisecond do not collide."""
    ids = set(uuids7(0, b"".join((1 << bit).to_bytes(10) for bit in range(80))))
    assert len(ids - set(uuids7(0, bytes(10)))) == 74


@given(
    unix_ms=st.integers(0, 2**48 - 1),
    random=st.binary(min_size=10, max_size=10),
    count=st.integers(0, 256),
)
def test_ids_in_a_row_are_different(unix_ms: int, random: bytes, count: int) -> None:
    """One id's random bytes make many, all of version 7, with the time in front."""
    ids = uuids7_in_a_row(unix_ms, random, count)
    parsed = {uuid.UUID(text) for text in ids}
    assert len(parsed) == len(ids) == count
    assert {(one.version, one.variant, one.int >> 80) for one in parsed} <= {
        (7, uuid.RFC_4122, unix_ms)
    }
    assert list(ids[:1]) == list(uuids7(unix_ms, random))[: len(ids)]
