"""`/metrics`, `/healthz` and `/readyz` of all workers together."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from adapter.operations.probes import Readiness
from adapter.telemetry.merged_metrics import MergedMetrics, ProcessMetrics
from adapter.workers.answers import WorkerAnswers
from adapter.workers.merging import merged_details
from adapter.workers.place import WorkerPlace
from adapter.workers.workers import Workers

_PARENT: Final = "parent"
_METRICS_S: Final = 4.0
"""Longest wait for a worker's metrics, which take longer than a probe with many APIs."""


class WorkerProbes:
    """Answers the probes. `own_metrics` are those of the parent."""

    def __init__(self, workers: Workers, own_metrics: Callable[[], Awaitable[bytes]]) -> None:
        self._workers = workers
        self._own_metrics = own_metrics
        self._answers = WorkerAnswers(workers, lambda place: place.metrics)
        self._merged = MergedMetrics()

    async def render_metrics(self) -> bytes:
        """The metrics of all."""
        replies = await self._answers.replies("/metrics", _METRICS_S)
        pids = {worker.place.number: worker.pid for worker in self._workers}
        texts = {
            f"worker {number}": ProcessMetrics(pids[number], reply.body.decode())
            for number, reply in replies.items()
        }
        own = ProcessMetrics(None, (await self._own_metrics()).decode())
        return self._merged.render({_PARENT: own, **texts})

    async def readiness(self) -> Readiness:
        """Ready if any worker is: Envoy's own health checks leave out those that are not."""
        replies = await self._answers.replies("/readyz")
        documents = {number: json.loads(reply.body) for number, reply in replies.items()}
        ready = {number for number, document in documents.items() if document["ready"]}
        details = {number: document["details"] for number, document in documents.items()}
        return Readiness(
            bool(ready), {**self._not_ready(ready, set(documents)), **merged_details(details)}
        )

    async def crashed_tasks(self) -> Mapping[str, str]:
        """Tasks of workers that have crashed, and workers that do not run."""
        replies = await self._answers.replies("/healthz")
        crashed = {n: json.loads(reply.body)["crashed_tasks"] for n, reply in replies.items()}
        return {**self._down(set(replies)), **merged_details(crashed)}

    def _not_ready(self, ready: set[int], answering: set[int]) -> dict[str, str]:
        waiting = {
            _name(worker.place): "not ready yet"
            for worker in self._workers
            if worker.place.number in answering - ready
        }
        return {**self._down(answering), **waiting}

    def _down(self, answering: set[int]) -> dict[str, str]:
        return {
            _name(worker.place): "does not answer" if worker.state == "running" else worker.state
            for worker in self._workers
            if worker.place.number not in answering
        }


def _name(place: WorkerPlace) -> str:
    return f"worker {place.number}"
