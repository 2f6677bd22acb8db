"""Starts, watches and stops child processes."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import IO, Any

import httpx

START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 15.0


class ProgramError(Exception):
    """A program did not start, ended early, or failed. The message says which one and why."""


class Program:
    """One program, whose output goes to a file."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = tuple(command)
        self._process: asyncio.subprocess.Process | None = None
        self._output: IO[bytes] | None = None

    @property
    def command_line(self) -> str:
        """The command, as a user would type it."""
        return " ".join(self._command)

    @property
    def pid(self) -> int:
        """The id of the running process."""
        if self._process is None:
            raise ProgramError(f"{self.name} is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start the program, without waiting until it is ready."""
        self._output = self.log.open("ab")
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._output,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C must reach only the demo, which then stops its programs in order.
            start_new_session=True,
        )

    async def until(self, ready: Callable[[], Awaitable[bool]]) -> None:
        """Wait until `ready()`; raises ProgramError if the program ends or takes too long."""
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                while not await ready():
                    if self._process is None or self._process.returncode is not None:
                        break
                    await asyncio.sleep(0.05)
                else:
                    return
        except TimeoutError:
            pass
        last = self.log.read_text(errors="replace").splitlines()[-15:]
        raise ProgramError(f"{self.name} did not start; {self.log} ends with:\n" + "\n".join(last))

    async def exit_code(self) -> int:
        """Wait until the program ends, and return its exit code."""
        if self._process is None:
            raise ProgramError(f"{self.name} is not running")
        return await self._process.wait()

    async def until_exit(self) -> None:
        """Wait until the program ends; raises ProgramError if it fails."""
        process, self._process = self._process, None
        code = await process.wait() if process is not None else 0
        self._close_log()
        if code != 0:
            raise ProgramError(
                f"{self.command_line} failed: {self.log.read_text(errors='replace')}"
            )

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send the signal and wait; kill the program if it does not end in time."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            await asyncio.wait_for(process.wait(), STOP_DEADLINE_S)
        except TimeoutError:
            process.kill()
            await process.wait()
        self._close_log()

    def _close_log(self) -> None:
        if self._output is not None:
            self._output.close()
            self._output = None


async def answers(client: httpx.AsyncClient, url: str, status: int = 200) -> bool:
    """Whether a GET request to this URL gets this status."""
    try:
        return (await client.get(url)).status_code == status
    except httpx.TransportError:
        return False


def written_object(file: Path) -> dict[str, Any]:
    """The JSON object that a program writes to this file; empty until it is complete."""
    try:
        content = json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
