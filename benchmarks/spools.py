"""Compares the spool on disk with the one in memory, in real adapters before a real control plane.

Access log entries are sent to one adapter after the other, at the same rate. Every entry must reach
the control plane. Then Checks are sent beside entries, to each adapter in turn.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.analytics_load import (
    Platform,
    SameCheck,
    idle_share,
    running_adapter,
    running_platform,
    stored,
    until,
)
from benchmarks.bench import Figures
from benchmarks.entries import EntryProcess
from benchmarks.processes import cpu_s

MEMORY: Final = "memory"
DISK: Final = "disk"
CPU: Final = "CPU per event, us"
RATE: Final = "events per second"
LOST: Final = "events lost"
P99: Final = "p99 of Checks beside entries, us"


@dataclass(frozen=True, slots=True)
class SpoolEffort:
    """How much to measure."""

    runs: int = 5
    seconds: float = 5
    rate: int = 20_000
    """Entries per second."""
    checks: int = 20_000
    checks_rate: int = 5_000
    """Checks, and entries beside them, per second."""
    clients: int = 1_000


async def measure_spools(effort: SpoolEffort, say: Callable[[str], None]) -> Mapping[str, Figures]:
    """The figures of both spools: one value for each run."""
    figures: dict[str, Figures] = {MEMORY: defaultdict(list), DISK: defaultdict(list)}
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spools-")))
        platform = await stack.enter_async_context(running_platform(directory))
        adapters = {}
        for spool, state in ((MEMORY, None), (DISK, directory / "state")):
            starting = running_adapter(platform, directory, spool, state=state)
            adapters[spool] = await stack.enter_async_context(starting)
        load, sent = SameCheck(platform.check()), 0
        for run in range(effort.runs):
            say(f"spools, run {run + 1} of {effort.runs}")
            # In turns, because the first of two has advantages.
            adapters = dict(reversed(adapters.items()))
            for spool, (program, address) in adapters.items():
                sent += await _send_events(
                    effort, platform, sent, program.pid, address, figures[spool]
                )
            for spool, (_, address) in adapters.items():
                sent += await _send_checks(effort, load, address, figures[spool])
                await until(partial(stored, platform, sent))
    return figures


async def _send_events(
    effort: SpoolEffort, platform: Platform, before: int, pid: int, address: str, found: Figures
) -> int:
    idle = await idle_share(pid)
    async with EntryProcess(address, effort.rate, effort.clients) as entries:
        used_s, began = cpu_s(pid), time.monotonic()
        await asyncio.sleep(effort.seconds)
        sent = await entries.finish()
        sent_s = time.monotonic() - began
    await until(partial(stored, platform, before + sent))
    used_s = cpu_s(pid) - used_s - idle * (time.monotonic() - began)
    found[CPU].append(used_s / sent * 1e6)
    found[RATE].append(sent / sent_s)
    found[LOST].append(before + sent - platform.committed())
    return sent


async def _send_checks(effort: SpoolEffort, load: SameCheck, address: str, found: Figures) -> int:
    async with EntryProcess(address, effort.checks_rate, effort.clients) as entries:
        done = await load.run_paced(address, effort.checks, per_second=effort.checks_rate)
        sent = await entries.finish()
    found[P99].append(done.quantile_us(0.99))
    return sent
