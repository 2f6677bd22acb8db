"""Measures rows in rounds, while all their servers are running."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from benchmarks import gateway
from benchmarks.catalog import client_id
from benchmarks.h2load import H2Load, HttpLoad
from benchmarks.http1 import OwnHttpLoad
from benchmarks.load import Load
from benchmarks.native_filters import native_headers
from benchmarks.places import DirectPlace, EnvoyPlace, Place
from benchmarks.plan import Adapter, Bare, Peer, Row, Subject
from benchmarks.processes import MeasuredProcess
from benchmarks.replay import Replay
from benchmarks.requests import PATH, Workload, application_headers

Figures: TypeAlias = dict[str, list[float]]
"""The results of all runs of one row, by the figure's name."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure."""

    runs: int = 5
    seconds: float = 1.5
    """The approximate duration of each run."""
    different_checks: int = 20_000


class Bench:
    """Starts each needed server once, and measures the rows in turn."""

    def __init__(
        self, effort: Effort, h2load: Path | None, directory: Path, say: Callable[[str], None]
    ) -> None:
        self._effort = effort
        self._h2load = h2load
        self._directory = directory
        self._say = say
        self._servers: dict[Subject, MeasuredProcess] = {}
        self._replays: dict[Workload, Replay] = {}

    async def measure(self, rows: Sequence[Row]) -> dict[str, Figures]:
        """Return the figures of each row. Every second round goes through the rows backwards.

        So a temporary disturbance of the machine affects all rows.
        """
        figures: dict[str, Figures] = {row.name: {} for row in rows}
        async with AsyncExitStack() as stack:
            places = []
            for row in rows:
                self._say(f"preparing {row.name}")
                place = await self._place(row, stack)
                await place.warm_up(self._effort.seconds)
                places.append((row.name, place))
            for number in range(self._effort.runs):
                self._say(f"run {number + 1} of {self._effort.runs}")
                for name, place in places if number % 2 == 0 else reversed(places):
                    for figure, value in (await place.run()).items():
                        figures[name].setdefault(figure, []).append(value)
        return figures

    async def _place(self, row: Row, stack: AsyncExitStack) -> Place:
        server = await self._server(row.server, stack) if row.server else None
        if row.through_envoy:
            home = self._directory / row.name.replace(" ", "-")
            analytics = isinstance(row.server, Adapter) and row.server.analytics
            envoy = gateway.envoy(
                server.address if server else None, home, native=row.native, analytics=analytics
            )
            await stack.enter_async_context(envoy)
            return EnvoyPlace(server, envoy, self._http_load(row))
        assert server is not None
        varied = self._replay(row.workload)
        return DirectPlace(server, varied, self._repeated(row.workload) or varied)

    async def _server(self, subject: Subject, stack: AsyncExitStack) -> MeasuredProcess:
        if subject not in self._servers:
            over_tcp = isinstance(subject, (Bare, Peer)) and subject.tcp
            unix = f"unix:{self._directory}/server-{len(self._servers)}"
            address = "127.0.0.1:0" if over_tcp else unix
            server = MeasuredProcess(subject.command(address))
            self._servers[subject] = await stack.enter_async_context(server)
        return self._servers[subject]

    def _replay(self, workload: Workload) -> Replay:
        workload = replace(workload, different=self._effort.different_checks)
        if workload not in self._replays:
            self._replays[workload] = Replay(workload)
        return self._replays[workload]

    def _repeated(self, workload: Workload) -> Load | None:
        """The client for latencies, if it is available and can send the row's workload."""
        if self._h2load is None or workload.traced:
            return None
        return H2Load(self._h2load, workload, self._directory)

    def _http_load(self, row: Row) -> Load:
        headers = application_headers(client_id(0)) | native_headers(row.native)
        if self._h2load is None:
            return OwnHttpLoad(PATH, headers)
        return HttpLoad(self._h2load, PATH, headers, self._directory)
