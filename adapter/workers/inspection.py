"""The inspection page of all workers together."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from adapter.operations.denials import DENIAL_PARAMETERS, denial_limit
from adapter.operations.inspection import LARGEST_PAGE, PAGING, number_of
from adapter.operations.routes import Question, Reply, Route, json_reply
from adapter.operations.sync import sync_route
from adapter.workers.answers import NO_ANSWER, WorkerAnswers
from adapter.workers.asking import target_of
from adapter.workers.merging import merged_api, merged_denials, merged_services
from adapter.workers.workers import Workers

_SYNC_S: Final = 26.0
"""A worker answers a sync that takes longer after 25 seconds."""
_FOLLOW_S: Final = 3.0
_OF_EACH: Final = ("/quotas", "/identity", "/analytics")


class WorkerInspection:
    """Answers the inspection page's questions, from one worker or from all of them."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._answers = WorkerAnswers(workers, lambda place: place.inspection)

    def routes(self) -> list[Route]:
        """The routes that a single adapter has, and `/workers`."""
        return [
            Route("/workers", lambda _: json_reply(self._processes()), parameters=()),
            Route("/apis", self._one("/apis"), parameters=PAGING),
            Route("/apis/{api_id}", self._api, parameters=()),
            Route(
                "/apis/{api_id}/contracts", self._one("/apis/{api_id}/contracts"), parameters=PAGING
            ),
            Route("/discovered", self._services, parameters=PAGING),
            Route("/sync", self._one("/sync"), parameters=()),
            *(Route(path, self._each(path), parameters=()) for path in _OF_EACH),
            Route("/denials", self._denials, parameters=DENIAL_PARAMETERS),
            Route("/explain", self._one("/explain", "POST"), "POST"),
            sync_route(self._sync),
        ]

    def _processes(self) -> dict[str, Any]:
        """Which processes there are. Worker 0 syncs with the platform."""
        items = [
            {
                "worker": worker.place.number,
                "pid": worker.pid,
                "state": worker.state,
                "restarts": worker.restarts,
            }
            for worker in self._workers
        ]
        return {"items": items}

    def _one(self, path: str, method: str = "GET") -> Callable[[Question], Awaitable[Reply]]:
        """From the first worker that answers, because each has the same."""

        async def answer(question: Question) -> Reply:
            target = target_of(path, question)
            return await self._answers.first(target, method=method, body=question.body)

        return answer

    def _each(self, path: str) -> Callable[[Question], Awaitable[Reply]]:
        """What each worker has of its own, by the worker's number."""

        async def answer(_: Question) -> Reply:
            documents = await self._answers.documents(path)
            return json_reply({"workers": {str(n): doc for n, doc in documents.items()}})

        return answer

    async def _api(self, question: Question) -> Reply:
        target = target_of("/apis/{api_id}", question)
        documents = await self._answers.documents(target)
        if not documents:
            return await self._answers.first(target)
        return json_reply(merged_api(documents.values()))

    async def _services(self, question: Question) -> Reply:
        offset, limit = number_of(question, "offset", 0), number_of(question, "limit", 100)
        documents = await self._answers.documents(f"/discovered?limit={LARGEST_PAGE}")
        return json_reply(merged_services(documents, offset, limit)) if documents else NO_ANSWER

    async def _denials(self, question: Question) -> Reply:
        limit = denial_limit(question)
        documents = await self._answers.documents(target_of("/denials", question))
        return json_reply(merged_denials(documents, limit)) if documents else NO_ANSWER

    async def _sync(self) -> Mapping[str, Any] | None:
        """Have worker 0 sync, and then the others load what it has loaded."""
        report: dict[str, Any] | None = await self._answers.post(0, "/sync", _SYNC_S)
        if report is None:
            return {"failures": {"worker 0": "does not answer; see /readyz"}}
        if report.pop("why", None):
            return None
        for number in (worker.place.number for worker in self._workers if worker.place.number):
            followed = await self._answers.post(number, "/sync", _FOLLOW_S)
            if followed is None or not followed["synced"]:
                report["failures"][f"worker {number}"] = "has not loaded this yet; see /readyz"
        return {**report, "synced": not report["failures"]}
