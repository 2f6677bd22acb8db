"""Where a running adapter is reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of a running adapter."""

    grpc: tuple[str, ...]
    """One for each worker."""
    metrics: str
    inspection: str | None
