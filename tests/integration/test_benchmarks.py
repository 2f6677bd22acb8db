"""The benchmark works, on a small scale; how fast anything is, no test says."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse

from adapter.runtime.clock import SystemClock
from benchmarks import credential_flood, event_store, plan, tracing
from benchmarks.bench import Bench, Effort, Figures
from benchmarks.catalog import (
    CHAINS,
    JWKS,
    LDAP,
    OAUTH,
    PROVIDER_SETTINGS,
    USUAL,
    CatalogSize,
    build_apis,
)
from benchmarks.load import BenchmarkError
from benchmarks.plan import Adapter, Row
from benchmarks.processes import MeasuredProcess
from benchmarks.publish import publish
from benchmarks.replay import Replay
from benchmarks.report import document, tables
from benchmarks.requests import TOKEN, Workload
from benchmarks.server import make_service

TINY = Effort(runs=2, seconds=0.02, different_checks=50)
MACHINE = {
    "at": "2026-01-01T00:00:00+00:00",
    "effort": {"runs": 2, "seconds": 0.02},
    "machine": {"cores": 2, "cpu": "some CPU", "kernel": "6.1", "load_before": 0.5},
    "versions": {"python": "3.11.7", "h2load": None},
}


def test_command_measures_and_writes_the_result(tmp_path: Path) -> None:
    """`python -m benchmarks --short` prints tables and writes every figure of every row."""
    output = tmp_path / "result.json"
    command = (*(sys.executable, "-m", "benchmarks", "--short"), "--only", "tracing")
    done = subprocess.run(
        [*command, "--output", output], check=True, capture_output=True, text=True
    )
    found = json.loads(output.read_text())
    names = ["asyncio, typical", "typical, traced", plan.SPANS]
    assert [row["name"] for row in found["rows"]] == names
    for row in found["rows"]:
        assert set(row["figures"]) >= {plan.CPU, plan.RATE, plan.P99, plan.SINGLE_P50}
        assert f"| {row['name']} | " in done.stdout
    assert found["machine"]["cpu"]
    assert found["versions"]["grpcio"]
    assert "tracing on to off" in done.stdout


async def test_measures_through_envoy_and_without_h2load(tmp_path: Path) -> None:
    """Where h2load cannot be had, clients of our own measure the same rows."""
    small = Adapter("grpcio", size=CatalogSize(2, 10))
    rows = [
        Row("transports", "direct", small, Workload(small.size)),
        Row("envoy", "Envoy alone", None, through_envoy=True),
        Row("envoy", "Envoy asking", small, through_envoy=True),
        Row("envoy", "with analytics", replace(small, analytics=True), through_envoy=True),
        *(
            Row("envoy", str(native), None, native=native, through_envoy=True)
            for native in plan.NATIVE_CHAINS
        ),
    ]
    found = await Bench(TINY, None, tmp_path, print).measure(rows)
    assert [len(found[row.name][plan.RATE]) for row in rows] == [2] * len(rows)
    assert plan.CPU in found["Envoy asking"]
    assert plan.CPU not in found["Envoy alone"]
    assert all(plan.BILL in found[row.name] for row in rows if row.through_envoy)


@pytest.mark.parametrize("chain", [chain for chain in CHAINS if chain not in PROVIDER_SETTINGS])
def test_every_check_is_allowed(chain: str) -> None:
    """What is measured are requests that pass the whole chain."""
    service = make_service(build_apis(USUAL, chain), SystemClock())
    workload = replace(plan.workload_for(chain), different=50)
    for message in workload.messages():
        answer = service.check(message, {"x-adapter-token": TOKEN})
        assert isinstance(answer, bytes)
        assert CheckResponse.FromString(answer).WhichOneof("http_response") == "ok_response"


@pytest.mark.parametrize("chain", PROVIDER_SETTINGS)
async def test_clients_that_a_provider_knows_are_remembered(tmp_path: Path, chain: str) -> None:
    """A policy that asks a provider is measured with one, in a process of its own."""
    workload = replace(plan.workload_for(chain), different=50)
    command = Adapter(chain=chain).command(f"unix:{tmp_path}/server")
    async with MeasuredProcess(command) as server:
        sample = await Replay(workload).run(server.address, 200, connections=2, streams=4)
    assert len(sample.latencies_us) == 200


@pytest.mark.parametrize("chain", [LDAP, OAUTH, JWKS])
async def test_a_flood_of_credentials_spoils_no_answer(chain: str) -> None:
    """Clients whom the adapter remembers are all let in during the flood."""
    *_, flood = await credential_flood.measure(chain, seconds=0.2)
    assert re.search(r"answered: \d+", flood)


async def test_denials_spoil_the_measurement(tmp_path: Path) -> None:
    """A run in which a Check is denied gives no figure, but an error that shows the denial."""
    known, asked = CatalogSize(1, 10), CatalogSize(1, 1_000)
    async with MeasuredProcess(Adapter(size=known).command(f"unix:{tmp_path}/server")) as server:
        with pytest.raises(BenchmarkError, match="credentials_invalid"):
            await Replay(Workload(asked, different=50)).run(
                server.address, 64, connections=2, streams=4
            )


async def test_a_server_that_does_not_start_is_an_error() -> None:
    """The error names the command."""
    with pytest.raises(BenchmarkError, match="no-such-transport"):
        async with MeasuredProcess(Adapter("no-such-transport").command("127.0.0.1:0")):
            pass


def test_checks_differ_as_behind_envoy() -> None:
    """Checks are as long as the captured one and all have ids of their own; repeated ones none."""
    workload = Workload(CatalogSize(10, 1_000), addresses=100, different=100)
    messages = workload.messages()
    assert {len(message) for message in messages} == {766}
    checks = [CheckRequest.FromString(message).attributes for message in messages]
    assert len({check.request.http.id for check in checks}) == 100
    assert len({check.context_extensions["api_id"] for check in checks}) == 10
    assert len({check.source.address.socket_address.address for check in checks}) > 50
    raw = Workload(raw_headers=True, different=10)
    assert {len(message) for message in raw.messages()} == {769}
    repeated = CheckRequest.FromString(workload.one_message())
    assert repeated.attributes.request.http.id == ""


def test_goals_are_held_against_ratios_of_the_same_round() -> None:
    """A ratio is taken run by run, and a goal that is missed says so."""
    figures: dict[str, Figures] = {
        "asyncio, typical": {plan.CPU: [10.0, 20.0]},
        "typical, traced": {plan.CPU: [16.0, 32.0]},
    }
    rows = [row for row in plan.rows((), "tracing") if row.name in figures]
    found = document(rows, figures, {}, MACHINE)
    (ratio,) = found["ratios"]
    assert ratio["runs"] == [1.6, 1.6]
    assert "| CPU per Check: tracing on to off | 1.600 | at most 1.5: missed |" in tables(found)


def test_page_and_plots_come_from_one_result(tmp_path: Path) -> None:
    """Publishing replaces what an earlier run left on the page, and nothing else of it."""
    page = tmp_path / "benchmarks.md"
    begin, end = "<!-- figures: written by benchmarks.publish -->", "<!-- end of figures -->"
    page.write_text(f"# Before\n{begin}\nold\n{end}\nAfter\n")
    rows = [row for row in plan.rows(()) if row.group in {"transports", "scale"}]
    quantiles = (plan.CPU, plan.P50, plan.P90, plan.P99, plan.P999)
    figures = {
        row.name: {name: [float(n + i)] for i, name in enumerate(quantiles, 1)}
        for n, row in enumerate(rows)
    }
    stages = {rows[-1].name: {"decide": 6.84}}
    publish(document(rows, figures, stages, MACHINE), tmp_path)
    text = page.read_text()
    assert text.startswith(f"# Before\n{begin}\nMeasured 2026-01-01 on 2 cores of some CPU")
    assert text.endswith(f"{end}\nAfter\n")
    assert "old" not in text
    assert "| decide | 6.8 |" in text
    drawn = {path.stem for path in (tmp_path / "benchmarks").iterdir()}
    assert drawn == {"cpu-by-server", "latency", "cost-over-contracts"}
    for path in (tmp_path / "benchmarks").iterdir():
        root = ElementTree.fromstring(path.read_text())  # noqa: S314 - we drew it
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_the_pages_of_the_console_are_measured() -> None:
    """`python -m benchmarks.console_pages --short` finds every page and prints a table."""
    command = [sys.executable, "-m", "benchmarks.console_pages", "--short"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    for page in ("home", "apis", "contracts", "applications", "audit", "users"):
        assert re.search(rf"^\| {page} \| [0-9.]+ \| [0-9.]+ \|$", done.stdout, re.MULTILINE)


def test_the_store_of_events_is_measured(tmp_path: Path) -> None:
    """Ingest, dashboard and request log, alone and while batches come; memory last."""
    effort = event_store.Effort(events=500, ingested=200, runs=1)
    names = [each.name for each in event_store.measure(tmp_path / "events.db", effort, "SQLite")]
    assert names[0] == "events per second, batches of 2,000"
    assert sum("dashboard of 7 days" in name for name in names) == 6
    assert sum("request log" in name and "while batches come" in name for name in names) == 5
    assert names[-1] == "greatest memory of the process, MB"


def test_the_cost_of_spans_is_measured() -> None:
    """Off, and at each share."""
    found = tracing.measure(checks=100, turns=1)
    assert list(found) == ["off", "on, 0% sampled", "on, 1% sampled", "on, 100% sampled"]
    assert all(cost.check_us > 0 for cost in found.values())
