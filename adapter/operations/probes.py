"""`/metrics`, `/healthz` and `/readyz`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from adapter.operations.routes import Question, Reply, Route, json_reply

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the adapter is ready to answer Checks, and what operators should know."""

    ready: bool
    details: Mapping[str, str]
    """Messages for operators, by component. Also useful when ready."""


def probe_routes(
    *,
    render_metrics: Callable[[], Awaitable[bytes]],
    readiness: Callable[[], Readiness | Awaitable[Readiness]],
    crashed_tasks: Callable[[], Mapping[str, str] | Awaitable[Mapping[str, str]]],
    version: str,
) -> list[Route]:
    """The routes. Each callable is called again for every request."""

    async def metrics(_: Question) -> Reply:
        text = await render_metrics()
        return Reply(text, content_type="text/plain; version=0.0.4; charset=utf-8")

    async def healthz(_: Question) -> Reply:
        crashed = dict(await _value(crashed_tasks()))
        return json_reply({"status": "degraded" if crashed else "ok", "crashed_tasks": crashed})

    async def readyz(_: Question) -> Reply:
        state = await _value(readiness())
        body = {"ready": state.ready, "version": version, "details": dict(state.details)}
        return json_reply(body, 200 if state.ready else 503)

    return [Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)]


async def _value(found: Value | Awaitable[Value]) -> Value:
    return await found if isinstance(found, Awaitable) else found
