"""`make chaos`: injects faults into real processes under load, and writes docs/chaos.md."""

import argparse
import asyncio
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import describe
from chaos import report
from chaos.account import Row
from chaos.experiment import measure
from chaos.faults.clock import prepare_clock
from chaos.plan import ALL, FULL, SHORT, Plan
from chaos.site import Site
from chaos.small_disk import enter_own_mounts
from support.processes import ProgramError


def main() -> int:
    """Inject all faults. Returns 0 if all went as it must, 1 if not, 2 if it can't run."""
    arguments = _arguments()
    plan = SHORT if arguments.short else FULL
    if arguments.only:
        plan = replace(plan, faults=tuple(f for f in ALL if arguments.only in f.name))
    prepare_clock(plan.faults)
    enter_own_mounts()
    try:
        with tempfile.TemporaryDirectory(prefix="policy-adapter-chaos-") as directory:
            return asyncio.run(_run(Path(directory), plan, arguments.output))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except ProgramError as e:
        print(f"cannot continue: {e}", file=sys.stderr)
        return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few faults, in some seconds")
    parser.add_argument("--only", metavar="TEXT", help="only faults with this in their names")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write a page about the run to this file"
    )
    return parser.parse_args()


async def _run(directory: Path, plan: Plan, output: Path | None) -> int:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _cancel_all)
    about = await describe(None)
    timing = {"check_timeout_s": plan.check_timeout_s, "poll_interval_s": plan.poll_interval_s}
    site = Site(directory, **timing)
    try:
        await site.start()
        rows, wrong = await _inject_all(site, plan)
    finally:
        await site.stop()
    if output is not None:
        output.write_text(report.page(rows, plan, about))
    return 1 if wrong else 0


def _cancel_all() -> None:
    """Have SIGTERM end all processes, like Ctrl-C."""
    for task in asyncio.all_tasks():
        task.cancel()


async def _inject_all(site: Site, plan: Plan) -> tuple[list[Row], int]:
    """One row for each fault, and how much is wrong about them."""
    rows, wrong = [], 0
    print(report.heading(), flush=True)
    for fault in plan.faults:
        row = await measure(site, fault(), plan)
        rows.append(row)
        complaints = report.complaints(row, fault)
        wrong += len(complaints)
        print("\n".join([report.line(row), *(f"WRONG: {text}" for text in complaints)]), flush=True)
    return rows, wrong


if __name__ == "__main__":
    sys.exit(main())
