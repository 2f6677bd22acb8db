"""Runs h2spec, a suite that checks a server against the rules of HTTP/2 and HPACK."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from tests.rig.go_toolchain import built

_SOURCE = Path(__file__).parent / "h2spec"
_PACKAGE = "github.com/summerwind/h2spec/cmd/h2spec"
_SUMMARY = re.compile(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed")
_DEADLINE_S = 300


@dataclass(frozen=True, slots=True)
class H2specReport:
    """The number of cases, and their results."""

    tests: int
    passed: int
    skipped: int
    failed: int
    output: str


async def run_h2spec(address: str, *options: str) -> H2specReport:
    """Run all cases, including the strict ones, against the server at `host:port`."""
    binary = await asyncio.to_thread(built, _SOURCE, _PACKAGE, "h2spec")
    host, _, port = address.rpartition(":")
    process = await asyncio.create_subprocess_exec(
        binary,
        *("--strict", "--timeout", "5", "-h", host, "-p", port, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(_DEADLINE_S):
        output = (await process.communicate())[0].decode()
    summary = _SUMMARY.search(output)
    if summary is None:
        raise RuntimeError(f"h2spec did not finish:\n{output}")
    tests, passed, skipped, failed = map(int, summary.groups())
    return H2specReport(tests, passed, skipped, failed, output)
