"""A shell that runs commands from the documentation, block by block."""

import asyncio
import os
import sys
from pathlib import Path

_DEADLINE_S = 60
_END = "the block has ended"


class Shell:
    """A bash in a directory, with the installed commands.

    Variables and functions of one block are there in the next. The first command that fails ends
    the shell. It can be started again.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._bash: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether it was started, and no command has failed yet."""
        return self._bash is not None and self._bash.returncode is None

    async def start(self) -> None:
        """Start it."""
        commands = Path(sys.executable).parent
        self._bash = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail"),
            cwd=self._directory,
            env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def stop(self) -> None:
        """End it."""
        if self._bash is not None:
            await self._bash.communicate(b"")  # which closes its standard input

    async def run(self, block: str) -> str:
        """What the commands print; raises AssertionError if one of them fails."""
        if self._bash is None or self._bash.stdin is None or self._bash.stdout is None:
            raise AssertionError("the shell was not started")
        self._bash.stdin.write(f"{block}\necho '{_END}'\n".encode())
        lines: list[str] = []
        async with asyncio.timeout(_DEADLINE_S):
            async for line in self._bash.stdout:
                lines.append(line.decode())
                if lines[-1] == f"{_END}\n":
                    return "".join(lines[:-1])
        await self._bash.wait()
        raise AssertionError(f"a command failed in:\n{block}\nIt printed:\n{''.join(lines)}")
