"""Reports to the platform: when they are sent, what is in them, and platforms that take none."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.errors import (
    DocumentError,
    PlatformError,
    PlatformNotFoundError,
    PlatformRefusedError,
    PlatformRejectedError,
    PlatformUnavailableError,
)
from adapter.platform_client.reports.encoding import MOST_BYTES, encoded
from adapter.platform_client.reports.observer import ReportObserver, ReportResult
from adapter.platform_client.reports.report import (
    MOST_APIS,
    MOST_SERVICES,
    ReportedAdapter,
    ReportedApi,
    ReportedEvents,
    ReportedQuotas,
    ReportedServices,
)
from adapter.platform_client.reports.reporter import Reporter
from adapter.runtime.clock import WallTime
from tests.rig.clock import FakeClock
from tests.rig.platform_simulator import PlatformSimulator, answering

INTERVAL_S = 15.0
ADAPTER = ReportedAdapter(
    version="1.2.3",
    build="compiled",
    started_at=WallTime(1_800_000_000.0),
    interval_s=INTERVAL_S,
    snapshot=1,
    serving=True,
    automated=412,
    instances=412,
    whole_environment=True,
    alarms={"quota store": "it is down"},
    events=ReportedEvents(3, {"made": 10, "dropped_spool_full": 1}),
    quotas=ReportedQuotas("redis", available=False, processes_alone=2),
    services=ReportedServices({("orders.test", "r"): 5}, 0),
)


def reported(api_id: str, **changes: Any) -> ReportedApi:
    """An API in sync."""
    api = ReportedApi(api_id, 412, 410, 411, from_disk=False, faults=(), notes=())
    return replace(api, **changes)


class Source:
    """An adapter with one API."""

    revision = 1

    def adapter(self) -> ReportedAdapter:
        """See `ReportSource`."""
        return ADAPTER

    def apis(self) -> Iterator[ReportedApi]:
        """See `ReportSource`."""
        yield reported("7")


class Results(ReportObserver):
    """Remembers what happened."""

    def __init__(self) -> None:
        self.results: list[ReportResult] = []

    def reported(self, result: ReportResult) -> None:
        """See the base class."""
        self.results.append(result)


class Rig:
    """A reporter whose reports succeed until `error` is set."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.source = Source()
        self.observer = Results()
        self.sent: list[bytes] = []
        self.error: PlatformError | None = None

    @asynccontextmanager
    async def running(
        self, send: Callable[[bytes], Awaitable[None]] | None = None
    ) -> AsyncIterator[None]:
        """The reporter, in the background."""
        reporter = Reporter(
            self.source,
            send or self._send,
            self.clock,
            interval_s=INTERVAL_S,
            observer=self.observer,
            jitter=lambda: 1.0,
        )
        task = asyncio.create_task(reporter.run())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _send(self, body: bytes) -> None:
        self.sent.append(body)
        if self.error is not None:
            raise self.error


async def document(adapter: ReportedAdapter = ADAPTER, *apis: ReportedApi) -> dict[str, Any]:
    """The JSON of a report."""
    found: dict[str, Any] = json.loads(await encoded(adapter, iter(apis)))
    return found


async def test_a_report_says_what_runs_and_how_it_is() -> None:
    """Most APIs have their revisions only."""
    faulty = reported(
        "8", from_disk=True, faults=("policy 1: no",), notes=("the last poll failed",)
    )
    found = await document(ADAPTER, reported("7"), faulty)
    assert found == {
        "version": "1.2.3",
        "build": "compiled",
        "startedAt": 1_800_000_000_000,
        "intervalMs": 15_000,
        "snapshot": 1,
        "serving": True,
        "automated": 412,
        "instances": 412,
        "wholeEnvironment": True,
        "alarms": ["quota store: it is down"],
        "events": {"waiting": 3, "outcomes": {"made": 10, "dropped_spool_full": 1}},
        "quotas": {"store": "redis", "available": False, "processesAlone": 2},
        "services": [{"host": "orders.test", "route": "r", "requests": 5}],
        "requestsLeftOut": 0,
        "apisLeftOut": 0,
        "apis": [
            {"id": "7", "policies": 412, "tiers": 410, "contracts": 411},
            {
                "id": "8",
                "policies": 412,
                "tiers": 410,
                "contracts": 411,
                "fromDisk": True,
                "faults": ["policy 1: no"],
                "notes": ["the last poll failed"],
            },
        ],
    }


async def test_a_report_is_bounded() -> None:
    """However many APIs, faults, alarms and invented host names there are."""
    long = "x" * 1000
    crowd = ReportedServices({(f"{n}.{long}", ""): n for n in range(MOST_SERVICES + 10)}, 7)
    adapter = replace(ADAPTER, services=crowd, alarms={str(n): long for n in range(100)})
    apis = (reported(str(n), faults=(long,) * 100) for n in range(MOST_APIS + 1))
    body = await encoded(adapter, apis)
    found = json.loads(body)
    assert len(body) <= MOST_BYTES + 100
    assert len(found["alarms"]) == 50
    assert len(found["apis"]) + found["apisLeftOut"] == MOST_APIS + 1
    assert found["apis"][0]["faults"] == ["x" * 500] * 10
    assert len(found["services"]) == MOST_SERVICES
    assert found["services"][0]["host"].startswith(f"{MOST_SERVICES + 9}.")
    assert found["requestsLeftOut"] == 7 + sum(range(10))


async def test_there_are_not_more_apis_than_the_platform_takes() -> None:
    """Even if all of them are short."""
    found = await document(ADAPTER, *map(reported, map(str, range(MOST_APIS + 3))))
    assert (len(found["apis"]), found["apisLeftOut"]) == (MOST_APIS, 3)


async def test_what_clients_choose_can_not_break_a_report() -> None:
    """A host name with control characters or half a surrogate pair is shown with question marks."""
    services = ReportedServices({("a\x00b\ud800\u202e", "r\n"): 1}, 0)
    found = await document(replace(ADAPTER, services=services))
    assert found["services"] == [{"host": "a?b??", "route": "r?", "requests": 1}]


async def test_reports_come_once_an_interval() -> None:
    """The first one soon after the start."""
    rig = Rig()
    async with rig.running():
        await rig.clock.advance(2)
        assert len(rig.sent) == 1
        await rig.clock.advance(13)
        assert len(rig.sent) == 1
        await rig.clock.advance(INTERVAL_S * 3)
    assert len(rig.sent) == 4
    assert set(rig.observer.results) == {"sent"}


async def test_news_are_reported_soon_but_not_all_at_once() -> None:
    """A new snapshot is reported within two seconds, and ten of them in one report."""
    rig = Rig()
    async with rig.running():
        await rig.clock.advance(2)
        for _ in range(10):
            rig.source.revision += 1
            await rig.clock.advance(0.1)
        await rig.clock.advance(3)
    assert len(rig.sent) == 2


@pytest.mark.parametrize(
    "error",
    [
        PlatformNotFoundError("404"),
        PlatformRefusedError("403"),
        PlatformRejectedError("405", status=405),
        PlatformUnavailableError("501", status=501),
    ],
    ids=["404", "403", "405", "501"],
)
async def test_a_platform_without_the_endpoint_is_asked_once_an_hour(error: PlatformError) -> None:
    """The log has one line, and news make no difference."""
    rig = Rig()
    rig.error = error
    with capture_logs() as logs:
        async with rig.running():
            for _ in range(60):
                rig.source.revision += 1
                await rig.clock.advance(58)
            assert len(rig.sent) == 1
            await rig.clock.advance(3 * 3600)
    assert len(rig.sent) == 4
    assert [(log["event"], log["log_level"]) for log in logs] == [
        ("platform.reports_not_taken", "info")
    ]
    assert set(rig.observer.results) == {"not_taken"}


async def test_an_upgraded_platform_is_noticed() -> None:
    """Reports go on at the usual pace, and the log says so."""
    rig = Rig()
    rig.error = PlatformNotFoundError("404")
    with capture_logs() as logs:
        async with rig.running():
            await rig.clock.advance(10)
            rig.error = None
            await rig.clock.advance(3600)
            rig.sent.clear()
            await rig.clock.advance(3 * INTERVAL_S)
    assert len(rig.sent) == 3
    assert [log["event"] for log in logs] == [
        "platform.reports_not_taken",
        "platform.reports_taken",
    ]


async def test_an_outage_is_left_to_the_sync_to_log() -> None:
    """Reports are tried less and less often, also if the snapshot changes."""
    rig = Rig()
    rig.error = PlatformUnavailableError("down")
    with capture_logs() as logs:
        async with rig.running():
            for _ in range(60):
                rig.source.revision += 1
                await rig.clock.advance(10)
    assert logs == []
    assert len(rig.sent) < 10
    assert set(rig.observer.results) == {"failed"}


async def test_a_refused_report_is_logged_once() -> None:
    """The reports of a newer adapter may be more than an older control plane takes."""
    rig = Rig()
    rig.error = DocumentError("no")
    with capture_logs() as logs:
        async with rig.running():
            await rig.clock.advance(600)
    assert [log["event"] for log in logs] == ["platform.reports_not_taken"]


async def test_it_goes_to_the_adapters_own_address(
    platform: PlatformSimulator, clock: FakeClock
) -> None:
    """The instance's id is part of the path, and the token goes with it."""
    platform.fail("/policy-control-plane/", answering(204))
    await platform.client().send_report("gw/1", b"{}")
    (request,) = platform.asked("/policy-control-plane/")
    assert request.method == "PUT"
    assert request.url.raw_path == (
        b"/policy-control-plane/v1/organizations/org/environments/env/adapters/gw%2F1/report"
    )
    assert request.headers["authorization"].startswith("Bearer token-")


async def test_a_real_client_meets_a_platform_without_reports(platform: PlatformSimulator) -> None:
    """The simulator answers 404, as Anypoint Platform would; one line in the log is all."""
    rig = Rig()
    client = platform.client()
    with capture_logs() as logs:
        async with rig.running(lambda body: client.send_report("gw", body)):
            await rig.clock.advance(3000)
    assert [log["event"] for log in logs] == ["platform.reports_not_taken"]
    assert len(platform.asked("/policy-control-plane/")) == 1
