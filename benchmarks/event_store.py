"""Measures the store of analytics events: ingest, the dashboard, and the request log.

    python -m benchmarks.event_store [--short] [--events N] [--postgresql] [--file FILE]

It fills a database with a week of traffic, then measures how fast batches are stored and pages are
answered, alone and while batches come. Prints a table. With --file, the SQLite file is kept, and
used again if it is there. CPU is that of this process and, for PostgreSQL, of the server.
"""

import argparse
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.event_traffic import ENVIRONMENT, SPAN, batches
from benchmarks.processes import cpu_s
from control_plane.analytics.dashboard import dashboard
from control_plane.analytics.event_store import EventStore
from control_plane.analytics.periods import RANGES, Period
from control_plane.analytics.questions import About
from control_plane.analytics.request_log import Search
from control_plane.clock import epoch_ms
from control_plane.database_address import DatabaseAddress, parse_address
from control_plane.store.database import Database
from control_plane.store.schema import EVENTS
from tests.rig.postgresql_server import running_postgresql

_RETENTION_DAYS: Final = 30
_FILL_BATCH: Final = 50_000
_PAGE: Final = 50
_UTC: Final = ZoneInfo("UTC")


class Effort(NamedTuple):
    """How much to measure."""

    events: int = 10_000_000
    ingested: int = 200_000
    runs: int = 7


SHORT: Final = Effort(events=20_000, ingested=10_000, runs=1)


class Figure(NamedTuple):
    """One row of the table."""

    name: str
    found: str
    cpu: str
    goal: str


def measure(address: DatabaseAddress, effort: Effort, kind: str) -> Iterator[Figure]:
    """Fill the database, and measure."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with closing(EventStore(Database(address, EVENTS, organizations={}), _RETENTION_DAYS)) as store:
        newest = _newest(store)
        if newest is None:
            for batch in batches(effort.events, _FILL_BATCH, now, SPAN):
                store.add(batch, now)
        else:
            now = newest
        yield from _ingest(store, effort, now, kind)
        yield from _pages(store, effort, now, "alone")
        with _steady_ingest(store, effort, now):
            yield from _pages(store, effort, now, "while batches come")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("greatest memory of the process, MB", f"{peak:.0f}", "", "bounded")


def _newest(store: EventStore) -> datetime | None:
    with store.answers(datetime.now(UTC)) as answers:
        newest = answers.newest_ms(ENVIRONMENT)
    return None if newest is None else datetime.fromtimestamp(newest / 1000, UTC)


def _ingest(store: EventStore, effort: Effort, now: datetime, kind: str) -> Iterator[Figure]:
    goal = "at least 20,000" if kind == "PostgreSQL" else "at least 10,000"
    for size in (2_000, 10_000):
        # As they come: all of them of the last seconds.
        span = timedelta(seconds=max(1, effort.ingested // 10_000))
        made = [*batches(effort.ingested, size, now + span * (size // 1_000), span)]
        began, began_cpu = time.perf_counter(), _cpu_s()
        stored = sum(store.add(batch, now) for batch in made)
        passed, cpu = time.perf_counter() - began, _cpu_s() - began_cpu
        name = f"events per second, batches of {size:,}"
        yield Figure(name, f"{stored / passed:,.0f}", f"{cpu / stored * 1e6:.0f} us each", goal)


def _pages(store: EventStore, effort: Effort, now: datetime, when: str) -> Iterator[Figure]:
    for name, ask, goal in _questions(store, now):
        passed, cpu = [], []
        for _ in range(effort.runs):
            began, began_cpu = time.perf_counter(), time.thread_time()
            ask()
            passed.append((time.perf_counter() - began) * 1000)
            cpu.append((time.thread_time() - began_cpu) * 1000)
        found = f"{statistics.median(passed):.0f} ({min(passed):.0f} to {max(passed):.0f})"
        yield Figure(f"{name}, {when}, ms", found, f"{statistics.median(cpu):.0f} ms", goal)


def _questions(store: EventStore, now: datetime) -> Iterator[tuple[str, Callable[[], object], str]]:
    for name, about in (
        ("all APIs", About(ENVIRONMENT)),
        ("one API", About(ENVIRONMENT, 1)),
        ("one application", About(ENVIRONMENT, client_id=f"{150:032x}")),
    ):
        yield f"dashboard of 7 days, {name}", _asking(store, about, now), "at most 300"
    filters: dict[str, dict[str, Any]] = {
        "all": {},
        "one API": {"api_id": 1},
        "one application": {"client_id": f"{150:032x}"},
        "status 503": {"status": "503"},
        "one path": {"path": "/customers/4"},
    }
    week = Search(ENVIRONMENT, epoch_ms(now - SPAN), epoch_ms(now))
    for name, changed in filters.items():
        wanted = replace(week, **changed)
        yield f"request log, first page, {name}", _searching(store, wanted), "at most 100"


def _asking(store: EventStore, about: About, now: datetime) -> Callable[[], object]:
    def ask() -> object:
        with store.answers(now) as answers:
            return dashboard(answers, about, Period.recent(RANGES["7d"], now, _UTC), _UTC)

    return ask


def _searching(store: EventStore, wanted: Search) -> Callable[[], object]:
    return lambda: store.search(wanted, None, _PAGE)


@contextmanager
def _steady_ingest(store: EventStore, effort: Effort, now: datetime) -> Iterator[None]:
    """Batches of 1,000 events, about 5,000 events a second, as long as the block runs."""
    stopped = threading.Event()

    def run() -> None:
        made = batches(10 * effort.events, 1_000, now + timedelta(minutes=30), timedelta(hours=1))
        for batch in made:
            store.add(batch, now)
            if stopped.wait(0.2):
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _cpu_s() -> float:
    """Of this process and of all PostgreSQL servers on the machine."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    servers = [pid for pid in pids if _program(pid) == "postgres"]
    return time.process_time() + sum(map(cpu_s, servers))


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.event_store")
    parser.add_argument("--short", action="store_true", help="check that it works, in seconds")
    parser.add_argument(
        "--events", type=int, default=Effort().events, help="how many to begin with"
    )
    parser.add_argument("--postgresql", action="store_true", help="measure PostgreSQL, not SQLite")
    parser.add_argument("--file", type=Path, help="a SQLite file to keep and to use again")
    arguments = parser.parse_args()
    effort = SHORT if arguments.short else Effort(events=arguments.events)
    kind = "PostgreSQL" if arguments.postgresql else "SQLite"
    with ExitStack() as stack:
        if arguments.postgresql:
            server = stack.enter_context(running_postgresql())
            address: DatabaseAddress = parse_address(server.address("postgres"))
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            address = arguments.file or Path(folder) / "events.db"
        print(f"{kind}, {effort.events:,} events, load average {os.getloadavg()[0]:.1f}\n")
        print("| what | found | CPU | goal |\n|---|---|---|---|")
        for figure in measure(address, effort, kind):
            print(f"| {' | '.join(figure)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
