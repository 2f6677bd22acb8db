"""Which faults are injected, and how much is sent meanwhile."""

from dataclasses import dataclass
from typing import Final

from chaos.fault import Fault
from chaos.faults import clock, disks, ends, floods, partitions, stops

ALL: Final[tuple[type[Fault], ...]] = (
    ends.KillWorker,
    ends.KillSyncingWorker,
    ends.KillAdapter,
    ends.RestartAdapter,
    ends.KillPlatform,
    ends.KillEnvoy,
    stops.StopWorker,
    stops.StopAdapter,
    stops.StopPlatform,
    partitions.Drop,
    partitions.Delay,
    partitions.ServerErrors,
    partitions.Garbage,
    disks.FullDisk,
    disks.ReadOnlyFiles,
    disks.CorruptSpool,
    disks.CorruptFiles,
    ends.KillAllInOutage,
    disks.CorruptCopies,
    clock.ClockForward,
    clock.ClockBack,
    floods.FloodOfSecrets,
    floods.FloodOfConnections,
)

FEW: Final[tuple[type[Fault], ...]] = (
    ends.KillWorker,
    partitions.Garbage,
    disks.CorruptSpool,
    floods.FloodOfSecrets,
    stops.StopAdapter,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a run."""

    faults: tuple[type[Fault], ...]
    rate: float
    """Requests per second."""
    before_s: float
    """Time before each fault."""
    fault_s: float
    """How long a fault lasts."""
    check_timeout_s: float
    """Envoy's time limit of a Check."""
    poll_interval_s: float
    """Time between two polls of the platform."""


FULL: Final = Plan(ALL, rate=200, before_s=1, fault_s=4, check_timeout_s=0.5, poll_interval_s=1)
SHORT: Final = Plan(FEW, rate=60, before_s=0.2, fault_s=0.8, check_timeout_s=5, poll_interval_s=0.3)
"""For CI, where the machine is busy with other tests, so that Checks may take longer."""
