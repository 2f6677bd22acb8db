"""Runs the whole adapter, and measures how long its event loop is blocked.

`python -m benchmarks.scale_adapter --config FILE` prints its addresses as JSON. For every line on
its standard input it prints the longest stalls since the previous line. The line `hour` first moves
its clock by an hour, so that all polls are due. It stops when the input ends.

A stall does not include the time for which the thread was ready but had no core, because other
processes cause that. It includes waiting in the kernel, for example for a lock.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import uvloop

from adapter.app.adapter import Adapter
from adapter.runtime.clock import MonotonicTime, SystemClock
from adapter.settings import load_settings
from adapter.telemetry.logs import configure_logging

_TICK_S: Final = 0.001
_SCHEDULED: Final = "/proc/thread-self/schedstat"
"""Nanoseconds on a core, and nanoseconds ready without a core (Linux, sched-stats)."""


@dataclass(slots=True)
class Felt:
    """The longest stalls since the last reading, in milliseconds."""

    stall_ms: float = 0
    """The longest stall of the loop, without waiting for a core."""
    wall_stall_ms: float = 0
    """The same, including waiting for a core."""
    gc_pause_ms: float = 0
    collections: int = 0


class SkippingClock(SystemClock):
    """The system clock, which can skip hours."""

    def __init__(self) -> None:
        self._skipped_s = 0

    def monotonic(self) -> MonotonicTime:
        """See `Clock.monotonic`."""
        return MonotonicTime(super().monotonic() + self._skipped_s)

    def skip_hour(self) -> None:
        """Move the clock by an hour."""
        self._skipped_s += 3600


class Pulse:
    """Ticks every millisecond, and records delays."""

    def __init__(self) -> None:
        self._felt = Felt()
        self._collecting_since = 0.0
        gc.callbacks.append(self._note_collection)

    def read(self) -> Felt:
        """Return the longest stalls, and reset them."""
        felt, self._felt = self._felt, Felt()
        return felt

    async def run(self) -> None:
        """Tick until cancelled, in the thread of the loop."""
        scheduled = os.open(_SCHEDULED, os.O_RDONLY)
        wall, waited = time.perf_counter(), _without_core_s(scheduled)
        while True:
            await asyncio.sleep(_TICK_S)
            wall_before, waited_before = wall, waited
            wall, waited = time.perf_counter(), _without_core_s(scheduled)
            late_s = wall - wall_before - _TICK_S
            felt = self._felt
            felt.wall_stall_ms = max(felt.wall_stall_ms, late_s * 1000)
            felt.stall_ms = max(felt.stall_ms, (late_s - (waited - waited_before)) * 1000)

    def _note_collection(self, phase: str, _: dict[str, int]) -> None:
        now = time.thread_time()
        if phase == "start":
            self._collecting_since = now
            return
        felt = self._felt
        felt.gc_pause_ms = max(felt.gc_pause_ms, (now - self._collecting_since) * 1000)
        felt.collections += 1


def _without_core_s(scheduled: int) -> float:
    """The total time for which this thread has waited for a core."""
    return int(os.pread(scheduled, 64, 0).split()[1]) / 1e9


async def serve(config: Path) -> None:
    """Serve until standard input ends."""
    settings = load_settings(config)
    configure_logging("warning", "json")
    clock = SkippingClock()
    adapter = Adapter(settings, clock)
    endpoints = await adapter.start()
    pulse = Pulse()
    ticking = asyncio.create_task(pulse.run())
    print(json.dumps({"address": endpoints.grpc[0]}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip() == "hour":
            clock.skip_hour()
        print(json.dumps({"felt": asdict(pulse.read()), **asdict(endpoints)}), flush=True)
    ticking.cancel()
    await adapter.stop()


def main() -> None:
    """Parse the arguments, and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale_adapter", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(given.config))


if __name__ == "__main__":
    main()
