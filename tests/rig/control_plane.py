"""A real control plane on loopback, in this process. Tests can stop and restart it."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvicorn

from control_plane.accounts.credentials import Credentials
from control_plane.accounts.first_start import set_up
from control_plane.app import open_services
from control_plane.cli.serve import server_config
from control_plane.clock import SystemClock
from control_plane.services import Services
from control_plane.settings import Settings
from support.admin import Admin
from tests.rig.hashing import quick_hasher

START_DEADLINE_S = 20


class RunningControlPlane:
    """A control plane with its own database, and an admin client that is logged in.

    `stop` and `start` simulate an outage: address, credentials and database stay the same.
    """

    def __init__(self, directory: Path, **settings: Any) -> None:
        """`settings` are those of `control_plane.settings`, except for the database."""
        self.database = directory / "platform.db"
        self._settings = Settings(database=self.database, **settings)
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.credentials: Credentials
        self.admin: Admin
        self.services: Services

    @property
    def base_url(self) -> str:
        """Its address, which stays the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """The port of its address."""
        return self._port

    async def start(self) -> None:
        """Start serving, and return when it answers requests."""
        services = self.services = open_services(self._settings, SystemClock(), quick_hasher())
        set_up(services.database, services.hasher, self._keep, services.clock.now())
        bound = socket.create_server(("127.0.0.1", self._port))
        self._port = bound.getsockname()[1]
        self._server = uvicorn.Server(server_config(services, console_url=self.base_url))
        # In another thread, uvicorn installs no signal handlers and does not block the test's loop.
        self._thread = threading.Thread(target=self._server.run, args=([bound],))
        self._thread.start()
        deadline = time.monotonic() + START_DEADLINE_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the control plane did not start")
            await asyncio.sleep(0.01)

    def _keep(self, credentials: Credentials) -> None:
        self.credentials = credentials

    async def stop(self) -> None:
        """Stop serving. Connections are refused afterwards."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            await asyncio.to_thread(self._thread.join)
            self._server = self._thread = None


@asynccontextmanager
async def running_control_plane(
    directory: Path, **settings: Any
) -> AsyncIterator[RunningControlPlane]:
    """A control plane that runs during the block."""
    platform = RunningControlPlane(directory, **settings)
    await platform.start()
    try:
        async with Admin(platform.base_url, asdict(platform.credentials)) as platform.admin:
            yield platform
    finally:
        await platform.stop()
