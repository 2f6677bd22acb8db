"""A real Envoy as a child process."""

import asyncio
import json
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from tests.rig.polling import DEADLINE_S


class Envoy:
    """Runs the binary with a configuration that has port 0 for listeners and admin.

    `async with Envoy(binary, config, directory) as envoy:` waits until it is ready. Its log is in
    `directory/envoy.log`.
    """

    def __init__(self, binary: Path, config: str, directory: Path, concurrency: int = 2) -> None:
        self._binary = binary
        self._config = config
        self._directory = directory
        self._concurrency = concurrency
        self.admin = ""
        """The base URL of the admin interface."""
        self.listeners: dict[str, str] = {}
        """The `host:port` of each listener."""

    async def __aenter__(self) -> Self:
        """Start, and wait until it is ready."""
        self._directory.mkdir(parents=True, exist_ok=True)
        config, admin = self._directory / "envoy.yaml", self._directory / "admin"
        config.write_text(self._config)
        admin.unlink(missing_ok=True)  # of an Envoy that ran here before
        arguments = (
            *("--config-path", config, "--admin-address-path", admin),
            *("--log-path", self.log_path, "--log-level", "warning"),
            *("--concurrency", str(self._concurrency), "--disable-hot-restart"),
            # Otherwise a line of a file access log would come after up to 10 seconds.
            *("--file-flush-interval-msec", "50"),
        )
        self._process = await asyncio.create_subprocess_exec(
            self._binary,
            *arguments,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._ready(admin)
        except BaseException as e:
            await self._stop()
            raise RuntimeError(f"Envoy did not start; its log:\n{self.log()}") from e
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it. Raises an error if it has crashed."""
        crashed = self._process.returncode
        await self._stop()
        if crashed is not None:
            raise RuntimeError(f"Envoy exited by itself with {crashed}; its log:\n{self.log()}")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def address(self) -> str:
        """The `host:port` of the listener in the rendered configuration."""
        return self.listeners["ingress"]

    @property
    def url(self) -> str:
        """The base URL of this listener."""
        return f"http://{self.address}"

    @property
    def log_path(self) -> Path:
        """The file of its log."""
        return self._directory / "envoy.log"

    def log(self) -> str:
        """The text of its log."""
        return _text(self.log_path)

    async def stat(self, name: str) -> int:
        """The value of one counter or gauge; 0 if Envoy has not created it yet."""
        answer = await self._get(f"/stats?format=json&filter=^{name}$")
        values = [s["value"] for s in json.loads(answer)["stats"] if s.get("name") == name]
        return int(values[0]) if values else 0

    async def _ready(self, admin: Path) -> None:
        while not (address := _text(admin)):
            await self._pause()
        self.admin = f"http://{address}"
        while True:
            try:
                if await self._get("/ready") == "LIVE\n":
                    break
            except (aiohttp.ClientError, RuntimeError):
                pass
            await self._pause()
        for listener in json.loads(await self._get("/listeners?format=json"))["listener_statuses"]:
            socket = listener["local_address"]["socket_address"]
            self.listeners[listener["name"]] = f"{socket['address']}:{socket['port_value']}"

    async def _pause(self) -> None:
        if self._process.returncode is not None:
            raise RuntimeError("Envoy exited")
        await asyncio.sleep(0.02)

    async def _get(self, path: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(self.admin + path) as answer:
            return await answer.text()

    async def _stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), DEADLINE_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
