"""Measures the sync at scale, and its effect on Checks: `python -m benchmarks.scale_sync`.

A simulated platform and the whole adapter run in separate processes. It measures the first sync,
polls, changes, and a complete resync. With `--disk` it also measures the disk copy and cold starts
from it. Prints JSON.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from benchmarks.catalog import CatalogSize, api_id
from benchmarks.processes import MeasuredProcess, cpu_s, resident_mb
from benchmarks.scale_platform import ENVIRONMENT, ORGANIZATION

_DELTA: Final = 100
_DEADLINE_S: Final = 600.0
_DELTAS: Final = 5
_COLD_STARTS: Final = 5


class AnsweringProcess(MeasuredProcess):
    """A process that answers each line with a line of JSON."""

    async def ask(self, line: str) -> dict[str, Any]:
        """Send a line, and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line.encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer


class ScaledAdapter:
    """The process of `benchmarks.scale_adapter`, with its metrics and inspection."""

    def __init__(
        self, process: AnsweringProcess, http: httpx.AsyncClient, endpoints: dict[str, Any]
    ) -> None:
        self._process = process
        self._http = http
        self._metrics = f"http://{endpoints['metrics']}/metrics"
        self._apis = f"http://{endpoints['inspection']}/apis/"

    async def felt(self, line: str = "") -> dict[str, float]:
        """The longest stalls since the last call, and the memory of the process."""
        felt = {n: round(v, 2) for n, v in (await self._process.ask(line))["felt"].items()}
        return felt | {"resident_mb": round(resident_mb(self._process.pid), 1)}

    @property
    def cpu_s(self) -> float:
        """CPU time since the start."""
        return cpu_s(self._process.pid)

    async def metric(self, name: str) -> float:
        """The sum of all series of a metric."""
        lines = (await self._http.get(self._metrics)).text.splitlines()
        return sum(float(x.split()[-1]) for x in lines if x.startswith((name + "{", name + " ")))

    async def contracts_of(self, api: str) -> int:
        """The number of contracts of one API in the snapshot."""
        return int((await self._http.get(self._apis + api)).json()["contracts"])


class ScaleBenchmark:
    """All measurements for one size of catalog."""

    def __init__(self, size: CatalogSize, directory: Path, http: httpx.AsyncClient) -> None:
        self._size = size
        self._directory = directory
        self._http = http

    async def measure(self, *, disk: bool, idle_s: float) -> dict[str, Any]:
        """The results. Names of times end in their unit."""
        found: dict[str, Any] = {"apis": self._size.apis, "contracts": self._size.contracts}
        async with self._platform() as platform:
            config = self._config(platform, disk=disk)
            async with self._adapter(config) as adapter:
                found["first_sync"] = await self._first_sync(adapter)
                found["idle"] = await self._idle(adapter, idle_s)
                found["deltas"] = await self._deltas(adapter, platform)
                found["resync"] = await self._resync(adapter)
                if disk:
                    found["disk_copy"] = await self._saved(adapter)
        if disk:
            found["cold_start_s"] = [await self._cold_start(config) for _ in range(_COLD_STARTS)]
        return found

    async def _first_sync(self, adapter: ScaledAdapter) -> dict[str, float]:
        async def all_there() -> bool:
            return await adapter.metric("adapter_contracts") >= self._size.contracts

        took_s = await _until(all_there, pause_s=0.5)
        return {"took_s": took_s, "cpu_s": adapter.cpu_s, **await adapter.felt()}

    async def _idle(self, adapter: ScaledAdapter, seconds: float) -> dict[str, float]:
        before = adapter.cpu_s
        await asyncio.sleep(seconds)
        return {"cpu_share": (adapter.cpu_s - before) / seconds, **await adapter.felt()}

    async def _deltas(self, adapter: ScaledAdapter, platform: str) -> dict[str, Any]:
        """Measure the time until new contracts are in the snapshot."""
        published_s = []
        for number in range(min(_DELTAS, self._size.apis)):
            api = api_id(number * self._size.apis // _DELTAS)
            wanted = await adapter.contracts_of(api) + _DELTA

            async def in_force(api: str = api, wanted: int = wanted) -> bool:
                return await adapter.contracts_of(api) >= wanted

            await self._http.post(f"{platform}/grow/{api}/{_DELTA}")
            await _until(in_force, pause_s=0.002)
            served_at = (await self._http.get(f"{platform}/served")).json()["at"]
            published_s.append(round(time.monotonic() - served_at, 4))
        return {"published_s": published_s, **await adapter.felt()}

    async def _resync(self, adapter: ScaledAdapter) -> dict[str, float]:
        """Measure a complete resync, which is due after an hour."""
        polls = await adapter.metric("adapter_sync_polls_total") + 2 * self._size.apis
        before = adapter.cpu_s
        await adapter.felt("hour")

        async def all_polled() -> bool:
            return await adapter.metric("adapter_sync_polls_total") >= polls

        took_s = await _until(all_polled, pause_s=0.5)
        return {"took_s": took_s, "cpu_s": adapter.cpu_s - before, **await adapter.felt()}

    async def _saved(self, adapter: ScaledAdapter) -> dict[str, float]:
        """Measure a disk copy while nothing else happens."""

        async def written() -> bool:
            return await adapter.metric("adapter_disk_copies_total") > copies

        copies = await adapter.metric("adapter_disk_copies_total")
        if not copies:
            await _until(written, pause_s=0.2)
        return {"copies": copies, **await adapter.felt()}

    async def _cold_start(self, config: Path) -> float:
        """The time from the start of the command to SERVING, while the platform is down."""
        endpoints = self._directory / "endpoints.json"
        endpoints.unlink(missing_ok=True)
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "adapter", "serve", "--config", str(config)),
            *("--endpoints", str(endpoints)),
            stderr=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )

        async def serving() -> bool:
            if not endpoints.exists():
                return False
            try:
                metrics = json.loads(endpoints.read_text())["metrics"]
            except ValueError:
                return False
            return (await self._http.get(f"http://{metrics}/readyz")).status_code == 200

        try:
            await _until(serving, pause_s=0.005)
            return round(time.monotonic() - began, 3)
        finally:
            process.terminate()
            await process.wait()

    @asynccontextmanager
    async def _platform(self) -> AsyncIterator[str]:
        size = (f"--apis={self._size.apis}", f"--contracts={self._size.contracts}")
        command = (sys.executable, "-m", "benchmarks.scale_platform", *size)
        async with MeasuredProcess(command) as process:
            yield f"http://{process.address}"

    @asynccontextmanager
    async def _adapter(self, config: Path) -> AsyncIterator[ScaledAdapter]:
        command = (sys.executable, "-m", "benchmarks.scale_adapter", f"--config={config}")
        async with AnsweringProcess(command) as process:
            yield ScaledAdapter(process, self._http, await process.ask(""))

    def _config(self, platform: str, *, disk: bool) -> Path:
        settings = {
            "listener": {"address": "127.0.0.1:0"},
            "platform": {
                "base_url": platform,
                "organization_id": ORGANIZATION,
                "environment_id": ENVIRONMENT,
                "client_id": "gateway",
                "client_secret": "secret",
            },
            "observability": {
                "metrics_address": "127.0.0.1:0",
                "inspection_address": "127.0.0.1:0",
            },
            "disk_copy": {"directory": str(self._directory / "disk") if disk else None},
            "shutdown": {"drain_s": 0},
        }
        config = self._directory / "adapter.yaml"
        config.write_text(yaml.safe_dump(settings))
        return config


async def _until(done: Callable[[], Awaitable[bool]], *, pause_s: float) -> float:
    """Wait until the condition holds, and return the seconds."""
    began = time.monotonic()
    async with asyncio.timeout(_DEADLINE_S):
        while not await done():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(pause_s)
    return round(time.monotonic() - began, 3)


async def _measure(given: argparse.Namespace) -> dict[str, Any]:
    size = CatalogSize(given.apis, given.contracts)
    with tempfile.TemporaryDirectory(prefix="scale-") as directory:
        async with httpx.AsyncClient(trust_env=False) as http:
            benchmark = ScaleBenchmark(size, Path(directory), http)
            return await benchmark.measure(disk=given.disk, idle_s=given.idle)


def main() -> None:
    """Measure, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale_sync", description=__doc__)
    parser.add_argument("--apis", type=int, default=1_000)
    parser.add_argument("--contracts", type=int, default=1_000_000)
    parser.add_argument(
        "--disk", action="store_true", help="also measure the disk copy and cold starts"
    )
    parser.add_argument("--idle", type=float, default=20, help="seconds of polling without changes")
    print(json.dumps(asyncio.run(_measure(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
