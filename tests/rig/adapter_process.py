"""Runs the adapter as a user does, in its own process."""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
import httpx
import yaml
from envoy.data.accesslog.v3 import accesslog_pb2 as log
from envoy.service.accesslog.v3 import als_pb2 as als
from envoy.service.auth.v3 import external_auth_pb2 as auth

from adapter.authorization.decision_record import DecisionRecord
from support.processes import Program
from tests.rig.control_plane import RunningControlPlane

COMMAND = str(Path(sys.executable).parent / "policy-adapter")
STREAM_LOGS = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"
CHECK = "/envoy.service.auth.v3.Authorization/Check"


def settings_for(platform: RunningControlPlane, **groups: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of an adapter for this platform, with free ports and short intervals."""
    defaults: dict[str, dict[str, Any]] = {
        "listener": {"address": "127.0.0.1:0"},
        "platform": {
            "base_url": platform.base_url,
            "organization_id": platform.credentials.organization_id,
            "environment_id": platform.credentials.environment_id,
            "client_id": platform.credentials.gateway_client_id,
            "client_secret": platform.credentials.gateway_client_secret,
            "poll_interval_s": 0.2,
        },
        "observability": {"metrics_address": "127.0.0.1:0", "inspection_address": "127.0.0.1:0"},
        "shutdown": {"drain_s": 0},
    }
    return {name: defaults.get(name, {}) | dict(groups.get(name, {})) for name in defaults | groups}


class AdapterProcess:
    """`async with AdapterProcess(settings, directory) as adapter:` runs `policy-adapter serve`.

    `descriptors`: its limit of open files and connections. `before`: a program that sets something
    up and then becomes the adapter, such as `env`, with its arguments.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        directory: Path,
        *,
        descriptors: int | None = None,
        before: Sequence[str] = (),
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        token = settings["listener"].get("token")
        self._metadata = (("x-adapter-token", token),) if token else ()
        config, self._endpoints = directory / "adapter.yaml", directory / "endpoints.json"
        config.write_text(yaml.safe_dump(dict(settings)))
        self.log = directory / "adapter.log"
        command = [COMMAND, "serve", "--config", str(config), "--endpoints", str(self._endpoints)]
        if descriptors is not None:
            command = ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *command]
        self._program = Program("adapter", [*before, *command], self.log)

    async def __aenter__(self) -> Self:
        """Start it, and return when it has bound its addresses, even if it is not ready."""
        self._endpoints.unlink(missing_ok=True)
        await self._program.start()
        try:
            await self._program.until(self._bound)
        except BaseException:
            await self.stop()
            raise
        found = json.loads(self._endpoints.read_text())
        self.addresses: list[str] = found["grpc"]
        self.address = self.addresses[0]
        self.metrics = f"http://{found['metrics']}"
        self.inspection = f"http://{found['inspection']}"
        self._http = httpx.AsyncClient(trust_env=False)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, unless it is stopped already."""
        await self._http.aclose()
        await self.stop()

    def send(self, number: signal.Signals) -> None:
        """Send it this signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def until_exit(self) -> int:
        """Wait until it ends, and return its exit code."""
        return await self._program.exit_code()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._program.pid

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it with this signal, and wait until it has ended."""
        await self._program.stop(how)

    async def until_written(self, *files: Path) -> None:
        """Wait until it has written these files."""

        async def written() -> bool:
            return all(file.exists() for file in files)

        await self._program.until(written)

    async def _bound(self) -> bool:
        try:
            return bool(json.loads(self._endpoints.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return False

    async def until_ready(self) -> None:
        """Wait until the adapter reports ready."""

        async def ready() -> bool:
            return (await self._http.get(f"{self.metrics}/readyz")).status_code == 200

        await self._program.until(ready)

    async def readiness(self) -> dict[str, Any]:
        """The answer of `/readyz`."""
        answer: dict[str, Any] = (await self._http.get(f"{self.metrics}/readyz")).json()
        return answer

    async def inspect(self, path: str) -> Any:
        """The answer of the inspection listener."""
        return (await self._http.get(f"{self.inspection}{path}")).json()

    async def post(self, path: str) -> Any:
        """The answer of the inspection listener to a POST."""
        return (await self._http.post(f"{self.inspection}{path}", timeout=30)).json()

    async def metric_lines(self) -> list[str]:
        """The lines of `/metrics`."""
        return (await self._http.get(f"{self.metrics}/metrics")).text.splitlines()

    async def check(
        self,
        api_id: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        path: str = "/",
    ) -> Any:
        """Send a Check for a request to this API, and return the answer."""
        request = auth.CheckRequest()
        request.attributes.context_extensions["api_id"] = api_id
        http = request.attributes.request.http
        http.method, http.path, http.host = method, path, "api.test"
        http.headers.update(headers or {})
        async with grpc.aio.insecure_channel(self.address) as channel:
            ask = channel.unary_unary(
                CHECK,
                request_serializer=auth.CheckRequest.SerializeToString,
                response_deserializer=auth.CheckResponse.FromString,
            )
            return await ask(request, metadata=self._metadata)

    async def report(self, api_id: str, requests: int) -> None:
        """Send access log entries for this many successful requests to this API."""
        message = als.StreamAccessLogsMessage()
        for _ in range(requests):
            message.http_logs.log_entry.append(_ended_request(api_id))
        async with grpc.aio.insecure_channel(self.address) as channel:
            stream = channel.stream_unary(
                STREAM_LOGS,
                request_serializer=als.StreamAccessLogsMessage.SerializeToString,
                response_deserializer=als.StreamAccessLogsResponse.FromString,
            )
            await stream(iter([message]), metadata=self._metadata)


def _ended_request(api_id: str) -> log.HTTPAccessLogEntry:
    entry = log.HTTPAccessLogEntry()
    common = entry.common_properties
    common.start_time.GetCurrentTime()
    metadata = common.metadata.filter_metadata["envoy.filters.http.ext_authz"]
    metadata.update(DecisionRecord(api_id=api_id, api_name="orders").to_metadata())
    entry.request.path = "/orders?api_key=never-stored"
    entry.response.response_code.value = 200
    return entry
