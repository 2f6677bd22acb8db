"""Compares one adapter process with two: `python -m benchmarks.scale_workers`.

Each process has its own socket, and gets half of the load at the same time. It compares CPU per
Check, because throughput needs more cores than the workers and the client have. Prints JSON.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from contextlib import AsyncExitStack
from statistics import median
from typing import Any

import uvloop

from benchmarks.catalog import CatalogSize
from benchmarks.processes import MeasuredProcess, cpu_s
from benchmarks.replay import Replay
from benchmarks.requests import Workload


async def _cpu_us(replay: Replay, servers: list[MeasuredProcess], checks: int) -> float:
    """CPU per Check of these servers together, with 32 concurrent Checks in total."""
    before = sum(cpu_s(server.pid) for server in servers)
    streams = 32 // len(servers)
    each = checks // len(servers)
    await asyncio.gather(
        *(replay.run(server.address, each, connections=1, streams=streams) for server in servers)
    )
    return (sum(cpu_s(server.pid) for server in servers) - before) / checks * 1e6


async def measure(size: CatalogSize, checks: int, runs: int) -> dict[str, Any]:
    """Measure one and two in turn. The ratio is the median over the rounds."""
    replay = Replay(Workload(size))
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="workers-"))
        servers = [
            await stack.enter_async_context(
                MeasuredProcess(
                    (
                        *(sys.executable, "-m", "benchmarks.server"),
                        *("--address", f"unix:{directory}/{number}"),
                        *("--apis", str(size.apis), "--contracts", str(size.contracts)),
                    )
                )
            )
            for number in range(2)
        ]
        await _cpu_us(replay, servers, checks)
        rounds = [
            (await _cpu_us(replay, servers[:1], checks), await _cpu_us(replay, servers, checks))
            for _ in range(runs)
        ]
    return {
        "one_us": [round(one, 2) for one, _ in rounds],
        "two_us": [round(two, 2) for _, two in rounds],
        "ratio": round(median(two / one for one, two in rounds), 3),
    }


def main() -> None:
    """Measure, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale_workers", description=__doc__)
    parser.add_argument("--apis", type=int, default=1)
    parser.add_argument("--contracts", type=int, default=1_000)
    parser.add_argument("--checks", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        size = CatalogSize(given.apis, given.contracts)
        print(json.dumps(runner.run(measure(size, given.checks, given.runs)), indent=1))


if __name__ == "__main__":
    main()
