"""The operator's bindings, and the file from which a running adapter takes them over.

Each change becomes a new table, which replaces the old one as a whole. A Check reads the table
once, so it sees either the old bindings or the new ones.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

from adapter.errors import BindingsFileError
from adapter.policy.bindings import ApiBinding, BindingTable
from adapter.runtime.clock import Clock
from adapter.runtime.file_signature import signature_of
from adapter.settings import RequestSettings
from adapter.settings.bindings_file import bindings_of
from adapter.settings.groups import BindingSettings

_LOOK_S: Final = 1.0


class Bindings:
    """The bindings in use. Raises BindingsFileError at the start if their file cannot be used.

    Later a file that cannot be used changes nothing. It is an alarm until the file is good.
    """

    def __init__(self, requests: RequestSettings, clock: Clock) -> None:
        self._requests = requests
        self._clock = clock
        self._read = self._seen = self._signature()
        self._rows, self.table = _rows_and_table(requests)
        self._faults: tuple[str, ...] = ()
        """Why the file as it is now is not in use."""

    @property
    def file(self) -> Path | None:
        """The file to follow, if there is one."""
        return self._requests.bindings_file

    @property
    def count(self) -> int:
        """How many bindings are in use."""
        return len(self._rows)

    @property
    def are_kept(self) -> bool:
        """Whether the file cannot be used, so that its earlier bindings stay in use."""
        return bool(self._faults)

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at."""
        return {"bindings": "; ".join(self._faults)} if self._faults else {}

    @property
    def only_for_edges(self) -> tuple[str, ...]:
        """The settings in use that trust what clients of sidecars may choose."""
        unsafe = {
            "requests.bindings with authority": any(b.authority for b in self._rows),
            "requests.forwarded_for_position": self._requests.forwarded_for_position is not None,
        }
        return tuple(name for name, used in unsafe.items() if used)

    async def follow(self, take_over: Callable[[BindingTable], None]) -> None:
        """Give each new table to `take_over`, until cancelled."""
        while True:
            await self._clock.sleep(_LOOK_S)
            await self.look(take_over)

    async def look(self, take_over: Callable[[BindingTable], None]) -> None:
        """Take over the file if it has changed, and nobody has written since the last look.

        Half of a file may be valid, and would unbind routes until the other half comes.
        """
        before, self._seen = self._seen, await asyncio.to_thread(self._signature)
        if before == self._seen != self._read:
            self._read = self._seen
            self._note_faults(await self._renew(take_over))

    async def _renew(self, take_over: Callable[[BindingTable], None]) -> tuple[str, ...]:
        """Read the file and take it over; returns what makes it unusable."""
        try:
            self._rows, self.table = await asyncio.to_thread(_rows_and_table, self._requests)
        except BindingsFileError as e:
            return e.faults
        take_over(self.table)
        structlog.get_logger().info("bindings.loaded", file=str(self.file), bindings=self.count)
        return ()

    def _note_faults(self, faults: tuple[str, ...]) -> None:
        if faults and faults != self._faults:
            structlog.get_logger().error("bindings.kept", file=str(self.file), faults=faults)
        self._faults = faults

    def _signature(self) -> tuple[int, ...] | None:
        return None if self.file is None else signature_of(self.file)


def _rows_and_table(requests: RequestSettings) -> tuple[Sequence[BindingSettings], BindingTable]:
    rows = bindings_of(requests)
    return rows, BindingTable(ApiBinding(**row.model_dump()) for row in rows)
