"""`POST /sync`: syncs with the platform now, and answers what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapter.operations.routes import Question, QuestionError, Reply, Route, json_reply


def sync_route(sync: Callable[[], Awaitable[Mapping[str, Any] | None]]) -> Route:
    """The route. `sync` returns None if the sync goes on for longer than an answer may take."""

    async def answer(question: Question) -> Reply:
        if question.from_web_page:
            raise QuestionError("web pages may not start a sync", 403)
        report = await sync()
        if report is None:
            return json_reply({"synced": False, "why": "the sync goes on; see GET /sync"}, 202)
        return json_reply({"synced": not report["failures"], **report})

    return Route("/sync", answer, "POST")
