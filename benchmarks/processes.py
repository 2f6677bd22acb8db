"""Starts measured processes, reads their addresses, and reads /proc."""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks.load import BenchmarkError

_START_DEADLINE_S: Final = 120.0
"""Long, because a million contracts take time."""
_STOP_DEADLINE_S: Final = 10.0
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class MeasuredProcess:
    """A server that prints `{"address": ...}` as its first line and ends with its standard input.

    `async with MeasuredProcess(command) as server:` waits until it serves.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self.address = ""

    async def __aenter__(self) -> Self:
        """Start it; raises BenchmarkError if it does not serve in time."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe
        )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(_START_DEADLINE_S):
                line = await self._process.stdout.readline()
            self.address = json.loads(line)["address"]
        except (TimeoutError, ValueError, KeyError) as e:
            await self._stop()
            raise BenchmarkError(f"{' '.join(self._command)} did not start") from e
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        await self._stop()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def _stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_DEADLINE_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def cpu_s(pid: int) -> float:
    """The CPU time of a process so far, in user and kernel mode."""
    # The name is in parentheses and may contain spaces. utime is field 14 (proc_pid_stat(5)).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_mb(pid: int) -> float:
    """Its resident memory, in 10^6 bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * _PAGE_BYTES / 1e6
