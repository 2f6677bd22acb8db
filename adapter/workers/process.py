"""A worker's process, from its start to its end."""

import asyncio
import json
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any


class WorkerProcess:
    """A process that reads its settings from standard input.

    Standard input stays open. Its end tells the worker that the parent has ended, however it ended.
    The worker writes one line to standard output when it has bound its addresses.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, command: Sequence[str], settings: str) -> "WorkerProcess":
        """Start the command, and give it these settings."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Ctrl-C must reach only the parent, which stops its workers.
            start_new_session=True,
        )
        if process.stdin is not None:
            process.stdin.write(settings.encode() + b"\n")
        return cls(process)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    async def endpoints(self) -> Mapping[str, Any] | None:
        """Its addresses, when it has bound them; None if it has ended before."""
        if self._process.stdout is None:
            return None
        line = await self._process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    async def exit_code(self) -> int:
        """Wait for its end; negative if a signal ended it."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it this signal, unless it has ended."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
