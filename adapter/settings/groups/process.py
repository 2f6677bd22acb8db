"""The process: logs and probes, memory, and its end."""

from typing import Annotated, Literal

from pydantic import (
    Field,
)

from adapter.settings.addresses import HostPort, LoopbackAddress
from adapter.settings.groups.group import Group
from adapter.settings.values import (
    Seconds,
)


class ObservabilitySettings(Group):
    """Logs, metrics, probes and the inspection page."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto`: text on a terminal, JSON elsewhere."""
    denials: Annotated[int, Field(ge=0, le=100_000)] = 1_000
    """How many of the last denials `policy-adapter denials` can show."""
    metrics_address: HostPort = "127.0.0.1:9102"
    """Address of `/metrics`, `/healthz` and `/readyz`."""
    inspection_address: LoopbackAddress | None = "127.0.0.1:9103"
    """Address of the inspection page, on loopback only. null: none."""


class MemorySettings(Group):
    """How memory is used."""

    huge_pages: bool = True
    """Use memory pages of 2 MiB for a large heap: Checks cost less CPU, and a few MB more."""


class ShutdownSettings(Group):
    """How to stop without losing a request."""

    drain_s: Annotated[float, Field(ge=0)] = 4
    """Time between NOT_SERVING and closing. Must exceed interval and timeout of Envoy's health
    checks and `update_merge_window` together: 1 s, 0.5 s and Envoy's default of 1 s."""
    deadline_s: Seconds = 10
    """Longest time after that for open calls and for the last events."""
