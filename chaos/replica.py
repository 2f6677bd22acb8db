"""One of the adapters, with two workers, that faults stop and start again."""

import os
import re
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx

from adapter.analytics.spool.row_values import State
from adapter.analytics.spool.spool_file import SpoolFileError, operate
from tests.rig.adapter_process import AdapterProcess

WORKERS: Final = 2
_WORKER: Final = re.compile(r"worker \d+")
_LATE_S: Final = 2.0
"""How much later than planned a poll may be."""
# Permissions do not bind root. Without this capability they do, as for the user of a real adapter.
_BOUND_BY_PERMISSIONS: Final = ("setpriv", "--bounding-set", "-dac_override")


class Replica:
    """An adapter. A new start has the same settings, addresses and files."""

    def __init__(self, name: str, settings: Mapping[str, Any], directory: Path) -> None:
        """`directory` is its own, and has the state directory in it."""
        directory.mkdir()
        self.name = name
        self.state = directory / "state"
        self.state.mkdir()
        self._directory = directory
        self._settings = {
            **settings,
            "workers": WORKERS,
            "state_directory": str(self.state),
            "listener": {"address": f"unix:{directory}/grpc"},
            "reports": {"instance_id": name},
        }
        self._process: AdapterProcess | None = None

    @property
    def process(self) -> AdapterProcess:
        """The running adapter."""
        if self._process is None:
            raise RuntimeError(f"the adapter {self.name} is not running")
        return self._process

    @property
    def addresses(self) -> tuple[str, ...]:
        """One address for each worker."""
        return tuple(self.process.addresses)

    async def start(self, before: Sequence[str] = ()) -> None:
        """Start it, and return when it listens. `before`: see `AdapterProcess`."""
        if os.geteuid() == 0 and shutil.which("setpriv"):
            before = (*_BOUND_BY_PERMISSIONS, *before)
        process = AdapterProcess(self._settings, self._directory, before=before)
        self._process = await process.__aenter__()

    async def stop(self) -> None:
        """Stop it with SIGTERM, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            await process.__aexit__(None, None, None)

    async def kill(self) -> None:
        """Kill the parent and its workers, as when the machine crashes."""
        if self._process is not None:
            self.send(signal.SIGKILL)
        await self.stop()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the parent and its workers."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def pids(self) -> list[int]:
        """The process ids of the parent and of its workers, whatever state they are in."""
        parent = self.process.pid
        with suppress(FileNotFoundError):
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
            return [parent, *map(int, children.split())]
        return []

    async def send_worker(self, number: int, signal_number: signal.Signals) -> int:
        """Send a signal to the worker with this number; returns its process id."""
        items = (await self.process.inspect("/workers"))["items"]
        pid = int(items[number]["pid"])
        os.kill(pid, signal_number)
        return pid

    async def is_ready(self) -> bool:
        """Whether all workers run, are ready, and have heard from the platform lately."""
        try:
            details = (await self.process.readiness())["details"]
            age_s = await self._metric("adapter_sync_age_seconds")
        except (httpx.HTTPError, RuntimeError):
            return False
        # "worker 1" is down or not ready. "worker 1: events spool" is only something to look at.
        troubles = [name for name in details if _WORKER.fullmatch(name)]
        return not troubles and 0 <= age_s < self._settings["platform"]["poll_interval_s"] + _LATE_S

    def has_spooled(self) -> bool:
        """Whether a worker has events on its disk."""
        directories = [self.state, *(self.state / f"worker-{n}" for n in range(1, WORKERS))]
        return any(_batches(directory / "events.spool") for directory in directories)

    async def waiting(self) -> float:
        """How many events wait for their upload."""
        return await self._metric("adapter_events_waiting")

    async def _metric(self, name: str) -> float:
        """The value of a metric without labels; -1 if there is none."""
        lines = await self.process.metric_lines()
        return next((float(line.split()[1]) for line in lines if line.startswith(f"{name} ")), -1.0)


def _batches(spool: Path) -> int:
    """How many batches of events are in this file."""
    try:
        return operate(spool, lambda rows: sum(1 for _ in rows.rows(State.PENDING)))
    except SpoolFileError:
        return 0
