"""Measures analytics, and their effect on Checks: `python -m benchmarks.analytics_load`.

It runs a real control plane and a real adapter. It streams access log entries at a steady rate,
like an Envoy with our configuration. Every entry must reach the control plane. Then it compares
Checks with and without the same rate of entries. This rate is lower, because the senders and the
control plane share the cores. Prints JSON.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import uvloop
import yaml

from adapter.messages.check_pb2 import CheckRequest
from benchmarks.entries import EntryProcess
from benchmarks.processes import cpu_s, resident_mb
from benchmarks.replay import Replay
from benchmarks.requests import TOKEN, Workload
from support.admin import Admin
from support.processes import Program, written_object

_BIN: Final = Path(sys.executable).parent
_WARM_UP_S: Final = 0.5
_DEADLINE_S: Final = 120.0


class Platform:
    """A control plane with one API, one application and its contract."""

    def __init__(
        self, program: Program, base_url: str, credentials: dict[str, str], database: Path
    ) -> None:
        self.pid = program.pid
        self.base_url = base_url
        self._events_file = database.with_name(f"{database.stem}-events{database.suffix}")
        self.credentials = credentials
        self.admin = Admin(base_url, credentials)

    async def prepare(self) -> None:
        """Create the API, the application and its contract."""
        await self.admin.log_in()
        self.api_id = str((await self.admin.create_api("orders"))["id"])
        enforcement = {
            "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
            "clientIdExpression": "#[attributes.headers['client_id']]",
            "clientSecretExpression": "#[attributes.headers['client_secret']]",
        }
        await self.admin.apply_policy(int(self.api_id), "client-id-enforcement", enforcement)
        self.application = await self.admin.create_application("Mobile")
        await self.admin.request_contract(int(self.api_id), self.application["id"])

    async def events(self) -> int:
        """The number of stored events, according to the control plane."""
        return int((await self.admin.summary("api", duration="1d"))["total"])

    def committed(self) -> int:
        """The number of stored events, read from the database to spare the control plane."""
        address = f"file:{self._events_file}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])

    def check(self) -> bytes:
        """A Check of the application."""
        check = CheckRequest.FromString(Workload().one_message())
        check.attributes.context_extensions["api_id"] = self.api_id
        headers = check.attributes.request.http.headers
        headers["client_id"] = self.application["clientId"]
        headers["client_secret"] = self.application["clientSecret"]
        message: bytes = check.SerializeToString(deterministic=True)
        return message


class SameCheck(Replay):
    """A load that repeats one Check."""

    def __init__(self, message: bytes) -> None:
        self._traced = False
        self._bodies = [b"\0" + len(message).to_bytes(4) + message] * 2


async def measure(given: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """The results. Names of times end in their unit."""
    async with (
        running_platform(directory) as platform,
        running_adapter(platform, directory, "adapter") as (program, address),
        running_adapter(platform, directory, "another") as (_, other),
    ):
        throughput = await _throughput(given, platform, program.pid, address)
        addresses = {"alone": None, "beside_entries": address, "entries_elsewhere": other}
        sent = throughput["entries"]
        checks = await _compare_checks(given, platform, address, addresses, sent)
        return {**throughput, "checks": checks, "resident_mb": resident_mb(program.pid)}


async def idle_share(pid: int) -> float:
    """The share of a core that the process takes while nothing happens."""
    await asyncio.sleep(1)
    before = cpu_s(pid)
    await asyncio.sleep(2)
    return (cpu_s(pid) - before) / 2


async def _throughput(
    given: argparse.Namespace, platform: Platform, pid: int, address: str
) -> dict[str, Any]:
    """Send only entries, until the control plane has all of them."""
    idle = await idle_share(pid)
    async with EntryProcess(address, given.rate, given.clients) as entries:
        before, platform_before, began = cpu_s(pid), cpu_s(platform.pid), time.monotonic()
        await asyncio.sleep(given.seconds)
        sent = await entries.finish()
        sent_s = time.monotonic() - began
    await until(partial(stored, platform, sent))
    took_s = time.monotonic() - began
    used_s = cpu_s(pid) - before - idle * took_s
    platform_used_s = cpu_s(platform.pid) - platform_before
    return {
        "clients": given.clients,
        "entries": sent,
        "entries_per_s": round(sent / sent_s),
        "stored": await platform.events(),
        "all_stored_after_s": round(took_s, 1),
        "adapter_cpu_us_per_event": round(used_s / sent * 1e6, 2),
        "platform_cpu_us_per_event": round(platform_used_s / sent * 1e6, 2),
    }


async def stored(platform: Platform, wanted: int) -> bool:
    """Whether the platform has so many events."""
    return platform.committed() >= wanted


async def _compare_checks(
    given: argparse.Namespace,
    platform: Platform,
    address: str,
    entries_to: Mapping[str, str | None],
    sent: int,
) -> dict[str, Any]:
    """Compare Checks alone (after all `sent` entries are stored) with Checks during entries.

    There are as many Checks per second as entries, because each request causes one of each. It also
    measures Checks while entries go to another adapter, which shows the effect of shared cores.
    """
    load = SameCheck(platform.check())
    found: dict[str, list[float]] = {name: [] for name in entries_to}
    for _ in range(given.runs):
        for name, to in entries_to.items():
            await until(partial(stored, platform, sent))
            async with AsyncExitStack() as stack:
                if to is not None:
                    process = EntryProcess(to, given.requests, given.clients)
                    entries = await stack.enter_async_context(process)
                    await asyncio.sleep(_WARM_UP_S)
                done = await load.run_paced(address, given.checks, per_second=given.requests)
                if to is not None:
                    sent += await entries.finish()
            found[name].append(round(done.quantile_us(0.99)))
    return {
        **{f"{name}_p99_us": times for name, times in found.items()},
        "ratio": _ratio(found["beside_entries"], found["alone"]),
        "ratio_to_elsewhere": _ratio(found["beside_entries"], found["entries_elsewhere"]),
    }


def _ratio(times: Sequence[float], to: Sequence[float]) -> float:
    return round(median(a / b for a, b in zip(times, to, strict=True)), 2)


@asynccontextmanager
async def running_platform(directory: Path) -> AsyncIterator[Platform]:
    """A platform that is prepared."""
    endpoints, credentials = directory / "platform.json", directory / "credentials.json"
    database = directory / "platform.sqlite"
    command = (
        *(str(_BIN / "policy-control-plane"), "serve", "--listen", "127.0.0.1:0"),
        *("--database", str(database)),
        *("--endpoints", str(endpoints), "--credentials-file", str(credentials)),
    )
    async with _running("platform", command, directory, endpoints) as (program, found):
        secrets = json.loads(credentials.read_text())
        platform = Platform(program, found["base_url"], secrets, database)
        await platform.prepare()
        yield platform


@asynccontextmanager
async def running_adapter(
    platform: Platform, directory: Path, name: str, *, state: Path | None = None
) -> AsyncIterator[tuple[Program, str]]:
    """An adapter and its address. With `state`, its spool is on disk, in that directory."""
    settings = {
        "state_directory": str(state) if state else None,
        "listener": {"address": f"unix:{directory}/{name}.sock", "token": TOKEN},
        "platform": {
            "base_url": platform.base_url,
            "organization_id": platform.credentials["organization_id"],
            "environment_id": platform.credentials["environment_id"],
            "client_id": platform.credentials["gateway_client_id"],
            "client_secret": platform.credentials["gateway_client_secret"],
        },
        # The last batch is not full. Its waiting time would distort the throughput.
        "analytics": {"batch_age_s": 0.5},
        "observability": {"metrics_address": "127.0.0.1:0", "inspection_address": "127.0.0.1:0"},
        "shutdown": {"drain_s": 0},
    }
    config, endpoints = directory / f"{name}.yaml", directory / f"{name}.json"
    config.write_text(yaml.safe_dump(settings))
    command = (
        *(str(_BIN / "policy-adapter"), "serve"),
        *("--config", str(config), "--endpoints", str(endpoints)),
    )
    async with _running(name, command, directory, endpoints) as (program, found):
        yield program, found["grpc"][0]


@asynccontextmanager
async def _running(
    name: str, command: tuple[str, ...], directory: Path, endpoints: Path
) -> AsyncIterator[tuple[Program, dict[str, Any]]]:
    program = Program(name, command, directory / f"{name}.log")
    await program.start()
    found: dict[str, Any] = {}

    async def bound() -> bool:
        found.update(written_object(endpoints))
        return bool(found)

    try:
        await program.until(bound)
        yield program, found
    finally:
        await program.stop()


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is done. Raises TimeoutError if it takes too long."""
    async with asyncio.timeout(_DEADLINE_S):
        while not await done():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.2)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.analytics_load", description=__doc__
    )
    parser.add_argument("--rate", type=int, default=20_000, help="entries per second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument(
        "--clients", type=int, default=1_000, help="number of different clients in the entries"
    )
    parser.add_argument(
        "--requests",
        type=int,
        default=10_000,
        help="Checks and entries per second in the comparison",
    )
    parser.add_argument("--checks", type=int, default=30_000, help="Checks per run")
    parser.add_argument(
        "--runs", type=int, default=5, help="runs of Checks, with and without entries"
    )
    return parser.parse_args()


def main() -> None:
    """Measure, and print the results."""
    given = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="analytics-") as directory,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        print(json.dumps(runner.run(measure(given, Path(directory))), indent=1))


if __name__ == "__main__":
    main()
