"""Failed calls: counted, and logged without a flood."""

import pytest
from structlog.testing import capture_logs

from adapter.errors import RpcError, UnreadyError
from adapter.transport.failures import FailureReport
from tests.rig.adapters import Observed
from tests.rig.clock import FakeClock


async def test_flood() -> None:
    """A bug that hits every call is logged now and then, with how many were left out."""
    clock, observed = FakeClock(), Observed()
    with capture_logs() as logs:
        report = FailureReport(observed, clock)
        for _ in range(5):
            report.status("/a", ZeroDivisionError())
        report.status("/b", ZeroDivisionError())
        await clock.advance(10)
        report.status("/a", ZeroDivisionError())
    assert len(observed.failed) == 7
    assert [(log["method"], log["suppressed"]) for log in logs] == [("/a", 0), ("/b", 0), ("/a", 4)]


async def test_what_is_meant() -> None:
    """A status that a method, or gRPC's rules, ask for is no bug, INTERNAL included."""
    with capture_logs() as logs:
        report = FailureReport(Observed(), FakeClock())
        assert report.status("/a", RpcError(13, "cut off")) == (13, "cut off")
        assert report.status("/a", RpcError(16, "who?")) == (16, "who?")
        assert report.status("/a", UnreadyError("not yet")) == (14, "not yet")
    assert logs == []


@pytest.mark.parametrize("code", [14, 0, 17, -1, 99])
async def test_what_is_never_answered(code: int) -> None:
    """UNAVAILABLE, OK as an error, and codes that gRPC has not are bugs, and INTERNAL."""
    with capture_logs() as logs:
        report = FailureReport(Observed(), FakeClock())
        assert report.status("/a", RpcError(code, "inside")) == (13, "internal error")
    assert len(logs) == 1
