"""The asyncio transport keeps HTTP/2's rules."""

from tests.integration.transport.servers import Service, serving
from tests.rig.h2spec import run_h2spec


async def test_h2spec() -> None:
    """No case of h2spec fails, the strict ones included, and none is left out."""
    async with serving("asyncio", Service()) as server:
        report = await run_h2spec(server.addresses[0])
    assert (report.tests, report.failed) == (146, 0), report.output
    assert report.passed + report.skipped == report.tests
