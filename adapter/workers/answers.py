"""What the workers answer to one question."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from adapter.operations.routes import Reply, text_reply
from adapter.workers.asking import PROBE_S, ask
from adapter.workers.merging import Documents
from adapter.workers.place import WorkerPlace
from adapter.workers.workers import Workers

_PAGE_S: Final = 10.0
NO_ANSWER: Final = text_reply("no worker answers; see /readyz", 503)


class WorkerAnswers:
    """Asks on one of the workers' sockets, which `socket` names."""

    def __init__(self, workers: Workers, socket: Callable[[WorkerPlace], Path]) -> None:
        self._workers = workers
        self._socket = socket

    async def replies(self, target: str, wait_s: float = PROBE_S) -> dict[int, Reply]:
        """The answers of all workers that answer, by the worker's number."""
        places = [worker.place for worker in self._workers]
        answers = await asyncio.gather(
            *(ask(self._socket(place), target, wait_s=wait_s) for place in places)
        )
        pairs = zip(places, answers, strict=True)
        return {place.number: reply for place, reply in pairs if reply is not None}

    async def documents(self, target: str) -> Documents:
        """The JSON of all workers that answer with a document."""
        replies = await self.replies(target, _PAGE_S)
        return {n: json.loads(reply.body) for n, reply in replies.items() if reply.status == 200}

    async def first(self, target: str, *, method: str = "GET", body: bytes = b"") -> Reply:
        """The answer of the first worker that answers, whatever it is."""
        for worker in self._workers:
            socket = self._socket(worker.place)
            reply = await ask(socket, target, method=method, body=body, wait_s=_PAGE_S)
            if reply is not None:
                return reply
        return NO_ANSWER

    async def post(self, number: int, target: str, wait_s: float) -> Any:
        """The JSON that one worker answers to a POST; None if it gives none."""
        socket = next(self._socket(w.place) for w in self._workers if w.place.number == number)
        reply = await ask(socket, target, method="POST", wait_s=wait_s)
        return None if reply is None else json.loads(reply.body)
