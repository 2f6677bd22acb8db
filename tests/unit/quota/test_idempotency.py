"""Which charges are remembered, and for how long."""

from adapter.policy.effects.quota import ADMITTED, QuotaState
from adapter.quota.memory.idempotency import RecentCharges
from adapter.quota.memory.windows import FixedWindow
from adapter.runtime.clock import MonotonicTime

WINDOWS = ((1, 1, "k"),)
STATE = QuotaState(admitted=True, remaining=(0,), reset_ms=(1,))


def found(recent: RecentCharges, check_id: str, now: float) -> QuotaState | None:
    """What is remembered of a check."""
    return recent.find(check_id, WINDOWS, MonotonicTime(now))


def test_a_charge_is_remembered_for_its_time_and_then_forgotten() -> None:
    """Long enough for Envoy's retries, too short for an id to mean another request."""
    recent = RecentCharges(max_checks=10, max_age_s=10)
    found(recent, "1", 100)
    recent.add("1", WINDOWS, STATE)
    assert found(recent, "1", 109.9) == STATE
    assert found(recent, "1", 110.1) == STATE
    assert found(recent, "1", 120.2) is None


def test_after_a_quiet_time_nothing_is_remembered() -> None:
    """Even if nobody came to turn the page meanwhile."""
    recent = RecentCharges(max_checks=10, max_age_s=10)
    found(recent, "1", 100)
    recent.add("1", WINDOWS, STATE)
    assert found(recent, "1", 1_000) is None


def test_memory_is_bounded() -> None:
    """Of very many charges, the latest are remembered."""
    recent = RecentCharges(max_checks=10, max_age_s=10)
    for n in range(1_000):
        found(recent, f"{n}", 100)
        recent.add(f"{n}", WINDOWS, STATE)
    remembered = [n for n in range(1_000) if found(recent, f"{n}", 100)]
    assert set(range(990, 1_000)) <= set(remembered)
    assert len(remembered) <= 20


def test_other_windows_of_the_same_check_are_another_charge() -> None:
    """A second limit is charged, too."""
    recent = RecentCharges(max_checks=10, max_age_s=10)
    recent.add("1", WINDOWS, STATE)
    other = ((1, 1, "other"),)
    assert recent.find("1", other, MonotonicTime(0)) is None
    recent.add("1", other, STATE)
    assert found(recent, "1", 0) == STATE


def test_a_charge_whose_figures_nobody_wanted() -> None:
    """It is remembered by its window, beside others of the same Check, and without an id not."""
    recent = RecentCharges(max_checks=10, max_age_s=10)
    now = MonotonicTime(0)
    shared, last = ((1, 1, name) for name in ("shared", "last"))
    for check_id in ("1", ""):
        recent.add_unseen(check_id, FixedWindow(shared, now, 1))
    recent.add("1", WINDOWS, STATE)
    recent.add_unseen("1", FixedWindow(last, now, 1))
    assert recent.find("1", (shared,), now) is ADMITTED
    assert recent.find("1", (last,), now) is ADMITTED
    assert recent.find("1", (shared, shared), now) is None
    assert recent.find("", (shared,), now) is None
    assert found(recent, "1", 0) == STATE
