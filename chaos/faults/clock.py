"""A clock that jumps."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

from chaos.fault import Fault
from chaos.site import Site
from tests.rig.debian_packages import install_package

_PLACES: Final = Path("/usr/lib")
_LIBRARY: Final = "*/faketime/libfaketime.so.1"


def prepare_clock(faults: Sequence[type[Fault]]) -> None:
    """Install the library that shows a process another time, if a fault needs it."""
    needed = any(issubclass(fault, ClockJump) for fault in faults)
    if needed and not any(_PLACES.glob(_LIBRARY)):
        install_package("libfaketime")


class ClockJump(Fault):
    """The time of day of one adapter. Its monotonic clock goes on, as it does on Linux."""

    hours: ClassVar[int]

    async def inject(self, site: Site) -> None:
        """Start an adapter anew with a clock that can be set, and set it."""
        self._offset = site.directory / "clock"
        self._offset.write_text("+0\n")
        library = next(_PLACES.glob(_LIBRARY))
        await site.replicas[0].stop()
        await site.replicas[0].start(
            (
                "env",
                f"LD_PRELOAD={library}",
                f"FAKETIME_TIMESTAMP_FILE={self._offset}",
                "FAKETIME_CACHE_DURATION=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1",
            )
        )
        await site.until_well()
        self._offset.write_text(f"{self.hours:+d}h\n")

    async def heal(self, site: Site) -> None:
        """Start the adapter with the machine's clock."""
        self._offset.write_text("+0\n")
        await site.replicas[0].stop()
        await site.replicas[0].start()


class ClockForward(ClockJump):
    """Into the future."""

    hours = 3
    name = "clock 3 hours ahead"
    story = (
        "The time of day of one adapter jumps three hours ahead while it runs (libfaketime), and "
        "back at the end. The adapter is restarted before and after."
    )


class ClockBack(ClockJump):
    """Into the past."""

    hours = -3
    name = "clock 3 hours behind"
    story = "The same with three hours into the past."
