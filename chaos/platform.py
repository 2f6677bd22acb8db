"""The control plane as a process, and the events that it has stored."""

import signal
import sqlite3
import sys
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Final

import httpx

from support.processes import Program, answers, written_object

_COMMAND: Final = Path(sys.executable).with_name("policy-control-plane")


class PlatformProcess:
    """A control plane. A new start has the same port, database and credentials."""

    def __init__(self, directory: Path) -> None:
        self._endpoints = directory / "platform.json"
        self._credentials = directory / "credentials.json"
        self._database = directory / "platform.sqlite"
        self._log = directory / "platform.log"
        self._listen = "127.0.0.1:0"
        self._program: Program | None = None
        self.events = StoredEvents(directory / "platform-events.sqlite")

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        host, _, port = self._listen.rpartition(":")
        return host, int(port)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{self._listen}"

    @property
    def credentials(self) -> dict[str, str]:
        """Those of its credentials file."""
        return written_object(self._credentials)

    @property
    def pid(self) -> int:
        """The id of its process."""
        if self._program is None:
            raise RuntimeError("the control plane is not running")
        return self._program.pid

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._endpoints.unlink(missing_ok=True)
        files = {
            "--database": self._database,
            "--endpoints": self._endpoints,
            "--credentials-file": self._credentials,
        }
        options = [str(part) for option in files.items() for part in option]
        command = [str(_COMMAND), "serve", "--listen", self._listen, *options]
        self._program = Program("control plane", command, self._log)
        await self._program.start()
        async with httpx.AsyncClient(trust_env=False) as http:

            async def ready() -> bool:
                found = written_object(self._endpoints)
                return bool(found) and await answers(http, f"{found['base_url']}/healthz")

            await self._program.until(ready)
        self._listen = written_object(self._endpoints)["base_url"].removeprefix("http://")

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it, if it runs."""
        program, self._program = self._program, None
        if program is not None:
            await program.stop(how)


class StoredEvents:
    """The events in the control plane's file, which is read beside it to spare it the work."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._last_row = 0
        self.by_path: dict[str, list[str]] = defaultdict(list)
        """The transactions of the events with this path. A transaction is one request of Envoy."""

    def read(self) -> None:
        """Add the events that have been stored since the last call."""
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT rowid, path, transaction_id FROM events WHERE rowid > ? ORDER BY rowid",
                (self._last_row,),
            )
            for self._last_row, path, transaction in rows:
                self.by_path[path].append(transaction)
