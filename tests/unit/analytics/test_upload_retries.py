"""Failed uploads are tried again, with growing waits."""

import pytest
from structlog.testing import capture_logs

from adapter.analytics.uploader import EventUploader
from adapter.errors import (
    DocumentError,
    PlatformError,
    PlatformNotFoundError,
    PlatformRefusedError,
    PlatformUnavailableError,
)
from tests.unit.analytics.uploading import UNAVAILABLE, Rig


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (UNAVAILABLE, "unavailable"),
        (PlatformRefusedError("401"), "refused"),
        (PlatformNotFoundError("404"), "other"),
        (DocumentError("no JSON"), "other"),
    ],
)
async def test_failed_batch_is_sent_again(fault: PlatformError, kind: str) -> None:
    """Whatever may pass is tried again, with the same events."""
    rig = Rig()
    rig.platform.faults = [fault]
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.settle()
        assert rig.platform.taken == []
        await rig.clock.advance(1)
    assert rig.platform.attempts == [[1, 2, 3, 4], [1, 2, 3, 4]]
    assert rig.platform.taken == [[1, 2, 3, 4]]
    assert rig.observer.counts == {f"failed {kind}": 1, "uploaded": 4}


async def test_waits_double_up_to_the_cap() -> None:
    """A platform in trouble is asked ever less often, but never given up."""
    rig = Rig()
    rig.platform.faults = [UNAVAILABLE] * 8
    rig.offer(1, 4)
    async with rig.running():
        for wait_s in (1, 2, 4, 8, 16, 32, 60, 60):
            before = len(rig.platform.attempts)
            await rig.clock.advance(wait_s - 0.01)
            assert len(rig.platform.attempts) == before
            await rig.clock.advance(0.01)
            assert len(rig.platform.attempts) == before + 1
    assert rig.platform.taken == [[1, 2, 3, 4]]


async def test_outage_of_days_is_no_trouble() -> None:
    """Thousands of failures in a row keep the wait at its cap."""
    rig = Rig()
    rig.platform.refuses = lambda _: UNAVAILABLE
    rig.offer(1, 4)
    async with rig.running():
        await rig.clock.advance(60 * 1200)
        rig.platform.refuses = lambda _: None
        await rig.clock.advance(60)
    assert rig.platform.taken == [[1, 2, 3, 4]]


async def test_waits_begin_anew_after_a_success() -> None:
    """An outage of yesterday does not slow today's first retry."""
    rig = Rig()
    rig.platform.faults = [UNAVAILABLE] * 3
    async with rig.running():
        rig.offer(1, 4)
        await rig.clock.advance(7)
        rig.platform.faults = [UNAVAILABLE]
        rig.offer(5, 8)
        await rig.clock.advance(1)
    assert rig.platform.taken == [[1, 2, 3, 4], [5, 6, 7, 8]]


async def test_jitter_spreads_the_waits() -> None:
    """Many adapters do not come back in the same instant: each waits half to all of it."""
    rig = Rig()
    jitter = iter((0.0, 1.0))
    rig.uploader = EventUploader(
        rig.spool, rig.platform, rig.clock, rig.options, jitter=lambda: next(jitter)
    )
    rig.platform.faults = [UNAVAILABLE] * 2
    rig.offer(1, 4)
    async with rig.running():
        await rig.clock.advance(0.5)
        assert len(rig.platform.attempts) == 2
        await rig.clock.advance(1.99)
        assert len(rig.platform.attempts) == 2
        await rig.clock.advance(0.01)
        assert len(rig.platform.attempts) == 3


@pytest.mark.parametrize(("asked_s", "waited_s"), [(30, 30), (0.1, 1), (86_400, 60)])
async def test_retry_after_is_honoured(asked_s: float, waited_s: float) -> None:
    """The platform is not asked sooner than it said, and a mad date does not stop analytics."""
    rig = Rig()
    rig.platform.faults = [PlatformUnavailableError("429", retry_after_s=asked_s)]
    rig.offer(1, 4)
    async with rig.running():
        await rig.clock.advance(waited_s - 0.01)
        assert len(rig.platform.attempts) == 1
        await rig.clock.advance(0.01)
        assert len(rig.platform.attempts) == 2


async def test_outage_is_logged_at_its_ends_only() -> None:
    """A long outage is two lines in the log, not thousands."""
    rig = Rig()
    rig.platform.faults = [UNAVAILABLE] * 5
    rig.offer(1, 4)
    with capture_logs() as logs:
        async with rig.running():
            await rig.clock.advance(100)
    assert [log["event"] for log in logs] == [
        "analytics.upload_failing",
        "analytics.upload_recovered",
    ]
