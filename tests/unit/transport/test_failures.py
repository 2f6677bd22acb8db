"""Failed calls: counted, and logged without a flood."""

from structlog.testing import capture_logs

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
