"""The last denials, as the adapter keeps them."""

import re

from adapter.authorization.denial_log import LONGEST_PATH, RecordedDenial
from adapter.policy.bindings import UNBOUND
from adapter.policy.catalog import ApiInstance
from adapter.policy.decision import Denied
from adapter.policy.request.attributes import GivenAttributes
from support.defaults import denial_log
from tests.rig.clock import FakeClock

DENIED = Denied(UNBOUND, 7, ApiInstance("1", "orders"))
REQUEST = GivenAttributes(method="GET", path="/orders/1?key=secret", client_address="10.0.0.7")


def test_ids_are_unique_and_sort_by_time() -> None:
    """Ids in a log sort like its lines, and two processes never give the same one."""
    clock = FakeClock()
    log, other, later = denial_log(clock), denial_log(clock), denial_log(FakeClock(1_800_000_001))
    first, second = log.record(DENIED, REQUEST), log.record(DENIED, REQUEST)
    assert re.fullmatch("[0-9a-f]{20}", first)
    assert first < second < later.record(DENIED, REQUEST)
    assert other.record(DENIED, REQUEST) not in {first, second}


def test_what_is_kept_of_a_request() -> None:
    """The path has no query, because a query may hold a secret."""
    log = denial_log(FakeClock(100.5))
    decision_id = log.record(DENIED, REQUEST)
    kept = RecordedDenial(
        decision_id, FakeClock(100.5).now(), DENIED, "1", "GET", "/orders/1", "10.0.0.7"
    )
    assert list(log.newest_first) == [kept]


def test_long_texts_are_cut_off() -> None:
    """A client cannot fill the memory."""
    log = denial_log(FakeClock())
    text = "/" + "x" * 100_000
    long = GivenAttributes(method=text, path=text, api_id=text, client_address=text)
    log.record(DENIED._replace(api=None), long)
    (kept,) = log.newest_first
    assert len(kept.path) == LONGEST_PATH
    assert {len(kept.method), len(kept.api_id), len(kept.address)} == {64}


def test_only_the_last_ones_are_kept() -> None:
    """The newest first; the total still counts the others."""
    log = denial_log(FakeClock(), capacity=2)
    ids = [log.record(DENIED, REQUEST) for _ in range(5)]
    assert [kept.decision_id for kept in log.newest_first] == [ids[4], ids[3]]
    assert (log.total, log.capacity) == (5, 2)


def test_addresses_are_not_kept_if_analytics_must_not_have_them() -> None:
    """One setting decides about both."""
    log = denial_log(FakeClock(), keep_addresses=False)
    log.record(DENIED, REQUEST)
    assert [kept.address for kept in log.newest_first] == [""]
