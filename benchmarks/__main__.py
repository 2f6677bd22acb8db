"""`make bench`: what a Check costs here, in figures and ratios."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import plan
from benchmarks.bench import Bench, Effort
from benchmarks.catalog import TYPICAL, build_apis
from benchmarks.h2load import PACKAGE, find_h2load
from benchmarks.hostile import measure_hostile_checks
from benchmarks.load import BenchmarkError
from benchmarks.machine import describe
from benchmarks.peer_builds import build_peers
from benchmarks.plan import GROUPS, Row
from benchmarks.report import Document, document, tables
from benchmarks.stages import measure_stages

RESULTS: Final = Path(__file__).parent / "results"
SHORT: Final = Effort(runs=1, seconds=0.1, different_checks=200)
"""Shows that everything works; its figures mean nothing."""
_MOST_CONTRACTS_IN_SHORT: Final = 10_000


def main() -> int:
    """Measure; 0 when it is done, 1 when it could not be."""
    arguments = _arguments()
    try:
        found = uvloop.run(_measure(arguments))
    except BenchmarkError as e:
        print(f"The benchmark could not go on: {e}", file=sys.stderr)
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
        "--short", action="store_true", help="a few seconds: to see that it works, not how fast"
    )
    parser.add_argument("--only", choices=GROUPS, help="one group, and what it is held against")
    parser.add_argument(
        "--peers",
        action="store_true",
        help="build the servers of benchmarks/peers/ with cargo and go, and measure them, too",
    )
    parser.add_argument("--runs", type=int, default=Effort().runs, help="of each row")
    parser.add_argument(
        "--output", type=Path, help="where the result goes; --short writes none by itself"
    )
    return parser.parse_args()


async def _measure(arguments: argparse.Namespace) -> Document:
    this = asyncio.current_task()
    assert this is not None
    # Else whatever is measured would outlive us.
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
        say(f"no h2load here ({PACKAGE} on Debian): clients of our own, whose latencies are longer")
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
    return document(rows, figures, stages, about, hostile)


def _stages(row: Row, effort: Effort) -> dict[str, float]:
    size = row.workload.size
    messages = replace(row.workload, different=effort.different_checks).messages()
    return measure_stages(tuple(build_apis(size, TYPICAL)), messages)


if __name__ == "__main__":
    sys.exit(main())
