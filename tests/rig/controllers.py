"""A controller in the test process, which an API server tells about a cluster."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapter.app.controller import Controller
from adapter.controller.core.resources import Resource
from adapter.runtime.clock import MonotonicTime, WallTime
from adapter.settings.controller import ControllerSettings


class FastClock:
    """A clock that runs ten times as fast."""

    def now(self) -> WallTime:
        """The wall time."""
        return WallTime(1_800_000_000 + self.monotonic())

    def monotonic(self) -> MonotonicTime:
        """The monotonic time."""
        return MonotonicTime(10 * time.monotonic())

    async def sleep(self, seconds: float) -> None:
        """Wait for a tenth of that time."""
        await asyncio.sleep(seconds / 10)


def path_of(resource: Resource) -> str:
    """Where an API server has this resource."""
    return f"{'apis/' if resource.group else 'api/'}{resource.api_version}/{resource.plural}"


def settings_for(url: str, mesh: str = "envoy-gateway", **groups: Any) -> ControllerSettings:
    """The settings of a controller of this API server, whose adapters know bindings at once."""
    usual: dict[str, Any] = {
        "mesh": mesh,
        "kubernetes": {"url": url},
        "rendered": {"takeover_s": 0},
        "observability": {"metrics_address": "127.0.0.1:0"},
    }
    return ControllerSettings.model_validate(usual | groups)


@asynccontextmanager
async def running_controller(settings: ControllerSettings) -> AsyncIterator[Controller]:
    """It runs during the block."""
    controller = Controller(settings, FastClock())
    try:
        await controller.start()
        yield controller
    finally:
        await controller.stop()


def conditions(content: dict[str, Any]) -> dict[str, str]:
    """The reason of each condition, by its type."""
    found = content.get("status", {}).get("conditions", [])
    return {c["type"]: c["reason"] for c in found}
