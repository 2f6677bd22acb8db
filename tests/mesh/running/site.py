"""What the Envoys of a real mesh work with: a platform with APIs, an adapter, and a service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.upstream import Upstream
from tests.mesh.running.spans import Spans, receiving_spans
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.polling import eventually

_APIS: Final = ("orders", "users", "files", "greeter", "workload", "bills", "database", "ledger")
"""In the order of their ids in the example plans, from 1."""


@dataclass(frozen=True, slots=True)
class Site:
    """All of it, running."""

    adapter: str
    """The address of the adapter."""
    service: str
    """The address of the service behind all routes for HTTP."""
    grpc_service: str
    """The address of the one behind routes for gRPC."""
    credentials: tuple[tuple[str, str], ...]
    """Headers of an application with a contract for API 1, the only one that asks for one."""
    platform: RunningControlPlane
    spans: Spans

    async def events(self, number: int) -> list[tuple[str, int]]:
        """The name of the API and the status of so many events, once they have arrived."""
        found: list[dict[str, Any]] = []

        async def complete() -> bool:
            found[:] = await self.platform.admin.events(duration="1d")
            return len(found) >= number

        try:
            await eventually(complete)
        except TimeoutError:
            raise RuntimeError(f"{len(found)} events have arrived, not {number}") from None
        return sorted((event["API Name"], event["Status Code"]) for event in found)


@asynccontextmanager
async def running_site(
    rendered: Mapping[str, Any], directory: Path, listener: Mapping[str, Any]
) -> AsyncIterator[Site]:
    """The site, with an adapter that has the rendered settings and these of its listener."""
    service = Upstream()
    await service.start()
    try:
        async with running_control_plane(directory) as platform, receiving_spans() as spans:
            credentials = await _with_apis(platform)
            settings = settings_for(
                platform,
                listener={"address": "127.0.0.1:0", **listener},
                analytics={"batch_age_s": 0.1},
                tracing={"endpoint": spans.url, "batch_age_s": 0.1},
                **rendered,
            )
            async with AdapterProcess(settings, directory / "adapter") as adapter:
                await adapter.until_ready()
                addresses = adapter.address, service.http_address, service.grpc_address
                yield Site(*addresses, credentials, platform, spans)
    finally:
        await service.stop()


async def _with_apis(platform: RunningControlPlane) -> tuple[tuple[str, str], ...]:
    admin = platform.admin
    ids = [(await admin.create_api(name))["id"] for name in _APIS]
    if ids != list(range(1, len(_APIS) + 1)):
        raise RuntimeError(f"the example plans name the APIs 1 to {len(_APIS)}, not {ids}")
    await admin.apply_policy(1, "client-id-enforcement", {})
    application = await admin.create_application("Shop")
    await admin.request_contract(1, application["id"])
    secret = str(application["clientSecret"])
    return ("client_id", str(application["clientId"])), ("client_secret", secret)
