"""Load from `h2load` (Debian's nghttp2-client), a client in C that adds little latency."""

import asyncio
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from benchmarks.load import FIELDS, BenchmarkError, Sample
from benchmarks.requests import Workload

PACKAGE: Final = "nghttp2-client"
_SUMMARY: Final = re.compile(r"finished in ([0-9.]+)(us|ms|s|m)\b")
_UNIT_S: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_LOG: Final = "requests.log"


async def find_h2load() -> Path | None:
    """The program, installed if possible; otherwise None."""
    found = shutil.which("h2load")
    is_root = os.geteuid() == 0
    if found is None and shutil.which("apt-get") and (is_root or shutil.which("sudo")):
        sudo = () if is_root else ("sudo", "--non-interactive")
        await _call(*sudo, "apt-get", "update", "--quiet")
        await _call(*sudo, "apt-get", "install", "--yes", "--quiet", PACKAGE)
        found = shutil.which("h2load")
    return Path(found) if found else None


class H2Load:
    """A `Load` that repeats one message with this program."""

    def __init__(self, program: Path, workload: Workload, directory: Path) -> None:
        self._program = program
        self._directory = directory
        self._body = directory / f"check-{hash(workload)}"
        message = workload.one_message()
        self._body.write_bytes(b"\0" + len(message).to_bytes(4) + message)

    async def run(self, address: str, requests: int, *, connections: int, streams: int) -> Sample:
        """See `Load.run`. This client cannot check whether the requests were allowed."""
        unix = ("--base-uri", address) if address.startswith("unix:") else ()
        host = "localhost" if unix else address
        return await measure(
            self._program,
            *(f"--requests={requests}", f"--clients={connections}"),
            *(f"--max-concurrent-streams={streams}", f"--data={self._body}", *unix),
            *_headers({n: v for n, v in FIELDS.items() if not n.startswith(":")}),
            f"http://{host}{FIELDS[':path']}",
            directory=self._directory,
        )


class HttpLoad:
    """A `Load` that repeats one HTTP/1.1 request to Envoy."""

    def __init__(
        self, program: Path, path: str, headers: Mapping[str, str], directory: Path
    ) -> None:
        self._program = program
        self._path = path
        self._headers = headers
        self._directory = directory

    async def run(self, address: str, requests: int, *, connections: int, streams: int) -> Sample:
        """See `Load.run`."""
        return await measure(
            self._program,
            *("--h1", f"--requests={requests}", f"--clients={connections}"),
            f"--max-concurrent-streams={streams}",
            *_headers(self._headers),
            f"http://{address}{self._path}",
            directory=self._directory,
        )


async def measure(program: Path, *arguments: str, directory: Path) -> Sample:
    """Run the program; raises BenchmarkError unless all answers have status 200."""
    log = directory / _LOG
    log.unlink(missing_ok=True)
    output = await _call(str(program), *arguments, f"--log-file={log}")
    summary = _SUMMARY.search(output)
    if summary is None:
        raise BenchmarkError(f"h2load did not finish:\n{output}")
    latencies_us = []
    with log.open() as lines:
        for line in lines:
            _, status, latency_us = line.split("\t")
            if status != "200":
                raise BenchmarkError(f"h2load got status {status}:\n{output}")
            latencies_us.append(float(latency_us))
    return Sample(float(summary[1]) * _UNIT_S[summary[2]], sorted(latencies_us))


def _headers(headers: Mapping[str, str]) -> Iterable[str]:
    return (f"--header={name}: {value}" for name, value in headers.items())


async def _call(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")
