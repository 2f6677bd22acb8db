"""The composition root: the only module that names concrete classes."""

from dataclasses import dataclass

import structlog

from adapter.clock import Clock, SystemClock
from adapter.settings import Settings

_SERVING_INTERVAL_S = 0.2


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running adapter can be reached."""

    grpc: tuple[str, ...]
    metrics: str
    inspection: str | None


class Adapter:
    """One adapter process: everything built from settings, started and stopped in order."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._log = structlog.get_logger()
