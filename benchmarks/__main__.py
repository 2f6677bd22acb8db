"""`make bench`: measures the cost of a Check on this machine, in figures and ratios."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import plan
from benchmarks.bench import Bench, Effort, Figures
from benchmarks.catalog import TYPICAL, build_apis
from benchmarks.h2load import PACKAGE, find_h2load
from benchmarks.hostile import measure_hostile_checks
from benchmarks.load import BenchmarkError
from benchmarks.machine import describe
from benchmarks.peer_builds import build_peers
from benchmarks.plan import GROUPS, Row
from benchmarks.report import Document, document, tables
from benchmarks.spools import SpoolEffort, measure_spools
from benchmarks.stages import measure_stages

RESULTS: Final = Path(__file__).parent / "results"
SHORT: Final = Effort(runs=1, seconds=0.1, different_checks=200)
"""A quick run that shows that everything works. Its figures are not meaningful."""
_MOST_CONTRACTS_IN_SHORT: Final = 10_000


def main() -> int:
    """Measure. Returns 0 if it succeeds, 1 if it fails."""
    arguments = _arguments()
    try:
        found = uvloop.run(_measure(arguments))
    except BenchmarkError as e:
        print(f"The benchmark cannot continue: {e}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    print(tables(found))
    output: Path | None = arguments.output
    if output is None and not arguments.short:
        output = RESULTS / f"{found['at'][:10]}-{arguments.only or 'all'}.json"
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--short",
        action="store_true",
        help="take a few seconds, to check that the benchmark works; figures are not meaningful",
    )
    parser.add_argument(
        "--only", choices=GROUPS, help="measure one group, and the rows that it is compared with"
    )
    parser.add_argument(
        "--peers",
        action="store_true",
        help="build the servers in benchmarks/peers/ with cargo and go, and measure them too",
    )
    parser.add_argument("--runs", type=int, default=Effort().runs, help="number of runs per row")
    parser.add_argument(
        "--output", type=Path, help="file for the result; with --short, none is written by default"
    )
    return parser.parse_args()


async def _measure(arguments: argparse.Namespace) -> Document:
    this = asyncio.current_task()
    assert this is not None
    # Otherwise the measured processes would keep running.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    short: bool = arguments.short
    effort = SHORT if short else replace(Effort(), runs=arguments.runs)
    peers = await build_peers() if arguments.peers else []
    rows = plan.rows(peers, arguments.only)
    if short:
        rows = [row for row in rows if row.workload.size.contracts <= _MOST_CONTRACTS_IN_SHORT]
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.1f}s] {text}", file=sys.stderr, flush=True)

    h2load = await find_h2load()
    if h2load is None:
        say(f"no h2load here ({PACKAGE} on Debian): using our own clients, which add latency")
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "effort": asdict(effort),
        **await describe(h2load),
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        figures = await Bench(effort, h2load, Path(directory), say).measure(rows)
    say("profiling")
    stages = {row.name: _stages(row, effort) for row in rows if row.group == "scale"}
    hostile = measure_hostile_checks() if arguments.only in (None, plan.HOSTILE) else {}
    spools: Mapping[str, Figures] = {}
    if arguments.only == plan.SPOOLS or (arguments.only is None and not short):
        spools = await measure_spools(_spool_effort(effort), say)
    return document(rows, figures, stages, about, hostile, spools)


def _spool_effort(effort: Effort) -> SpoolEffort:
    if effort == SHORT:
        return SpoolEffort(runs=1, seconds=0.5, rate=1_000, checks=500, checks_rate=500)
    return SpoolEffort(runs=effort.runs)


def _stages(row: Row, effort: Effort) -> dict[str, float]:
    size = row.workload.size
    messages = replace(row.workload, different=effort.different_checks).messages()
    return measure_stages(tuple(build_apis(size, TYPICAL)), messages)


if __name__ == "__main__":
    sys.exit(main())
