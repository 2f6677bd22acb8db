"""`/metrics`, `/healthz` and `/readyz`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether Checks are answered from what the platform says, and what is in the way if not."""

    ready: bool
    details: Mapping[str, str]
    """What an operator should know, by component; worth reading when ready too."""


def probe_routes(
    *,
    render_metrics: Callable[[], bytes],
    readiness: Callable[[], Readiness],
    crashed_tasks: Callable[[], Mapping[str, str]],
) -> list[web.RouteDef]:
    """The routes; each callable is asked anew for every request."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=render_metrics(),
            headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    async def healthz(_: web.Request) -> web.Response:
        crashed = dict(crashed_tasks())
        return web.json_response(
            {"status": "degraded" if crashed else "ok", "crashed_tasks": crashed}
        )

    async def readyz(_: web.Request) -> web.Response:
        state = readiness()
        return web.json_response(
            {"ready": state.ready, "details": dict(state.details)},
            status=200 if state.ready else 503,
        )

    return [web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)]
