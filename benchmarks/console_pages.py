"""Measures how long the server takes for each page of the console, with much in the database.

    python -m benchmarks.console_pages [--short] [--database postgresql://...]

It follows links from Home to one page of each kind and asks for each several times, in this
process: the network and the browser are left out. Prints a table.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from benchmarks.console_site import Site, Size
from control_plane.accounts.credentials import Credentials
from control_plane.accounts.first_start import set_up
from control_plane.app import create_app, open_services
from control_plane.clock import SystemClock
from control_plane.database_address import parse_address
from control_plane.services import Services
from control_plane.settings import Settings
from support.console_crawl import crawl

GOAL_MS: Final = 100.0
SHORT: Final = Size(
    apis=30, applications=50, contracts=100, audit_entries=100, alerts=10, events=100
)
_ORIGIN: Final = "https://console.test"
_RUNS: Final = 7


class Times(NamedTuple):
    """Medians of one page in milliseconds."""

    passed: float
    cpu: float
    """Of this process: on a machine with other work, it tells more."""


async def measure(services: Services, size: Size, runs: int) -> dict[str, Times]:
    """The times of each page, by the page's name."""
    shown: list[Credentials] = []
    set_up(services.database, services.hasher, shown.append, services.clock.now())
    Site(shown[0], services.clock.now(), size).fill(services)
    headers = {"Accept": "text/html", "Origin": _ORIGIN}
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url=_ORIGIN, headers=headers) as client:
        login = {"name": shown[0].admin_username, "password": shown[0].admin_password}
        await client.post("/login", data=login)
        pages = await crawl(lambda path: _page(client, path), _home(shown[0]))
        return {name: await _times(client, path, runs) for name, path in pages.items()}


def _home(credentials: Credentials) -> str:
    return f"/environments/{credentials.environment_id}"


async def _page(client: httpx.AsyncClient, path: str) -> str:
    response = await client.get(path)
    response.raise_for_status()
    return response.text


async def _times(client: httpx.AsyncClient, path: str, runs: int) -> Times:
    passed, cpu = [], []
    for _ in range(runs):
        began, began_cpu = time.perf_counter(), time.process_time()
        await _page(client, path)
        passed.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - began_cpu) * 1000)
    return Times(statistics.median(passed), statistics.median(cpu))


def table(found: dict[str, Times]) -> str:
    """The figures as a Markdown table, the slowest first."""
    lines = ["| page | server time, ms | CPU, ms |", "|---|---|---|"]
    slowest_first = sorted(found.items(), key=lambda item: -item[1].cpu)
    lines += [
        f"| {name.replace('_', ' ')} | {times.passed:.1f} | {times.cpu:.1f} |"
        for name, times in slowest_first
    ]
    over = [name for name, times in slowest_first if times.passed > GOAL_MS]
    return "\n".join([*lines, f"\nOver {GOAL_MS:g} ms: {', '.join(over) or 'none'}."])


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console_pages")
    parser.add_argument("--short", action="store_true", help="check that it works, in seconds")
    parser.add_argument("--database", help="an empty PostgreSQL database; default: a SQLite file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = arguments.database or str(Path(folder) / "platform.db")
        settings = Settings(database=parse_address(address))
        with closing(open_services(settings, SystemClock())) as services:
            size, runs = (SHORT, 1) if arguments.short else (Size(), _RUNS)
            print(table(asyncio.run(measure(services, size, runs))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
