"""What operators see of several workers, over real sockets; tests/e2e has real workers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapter.app.adapter import Adapter
from adapter.operations.listener import OperatorListener
from adapter.operations.probes import Readiness, probe_routes
from adapter.operations.routes import Question, Reply, Route, answer, json_reply, text_reply
from adapter.runtime.clock import SystemClock
from adapter.runtime.supervision import Supervisor
from adapter.settings import Settings
from adapter.telemetry.metrics import Metrics
from adapter.workers.asking import ask
from adapter.workers.inspection import WorkerInspection
from adapter.workers.kept_worker import KeptWorker, Process
from adapter.workers.place import WorkerPlace
from adapter.workers.probes import WorkerProbes
from adapter.workers.workers import Workers
from tests.unit.test_own_files import PLATFORM


async def _never() -> Process:
    raise AssertionError("no process is started here")


class Rig:
    """Two workers that tests start and stop, and their parent's routes."""

    def __init__(self, directory: Path) -> None:
        self.places = [WorkerPlace(number, directory) for number in range(2)]
        self.kept = [KeptWorker(place, _never, SystemClock()) for place in self.places]
        clock = SystemClock()
        workers = Workers(self.kept, Supervisor(clock, crashed=lambda _: None))
        metrics = Metrics()
        metrics.observe("adapter_worker_restarts", lambda: {(): workers.restarts})
        probes = WorkerProbes(workers, metrics.render)
        self.routes = [
            *probe_routes(
                render_metrics=probes.render_metrics,
                readiness=probes.readiness,
                crashed_tasks=probes.crashed_tasks,
                version="1",
            ),
            *WorkerInspection(workers).routes(),
        ]

    async def ask(self, target: str, method: str = "GET", body: bytes = b"") -> tuple[int, Any]:
        """The status and the document that the parent answers."""
        reply = await answer(self.routes, method, target, body)
        is_json = reply.content_type.startswith("application/json")
        return reply.status, json.loads(reply.body) if is_json else reply.body.decode()

    @asynccontextmanager
    async def worker(
        self, number: int, *inspection: Route, ready: bool = True, **details: str
    ) -> AsyncIterator[None]:
        """A worker that runs, with these routes of the inspection page."""
        probes = probe_routes(
            render_metrics=Metrics().render,
            readiness=lambda: Readiness(ready, details),
            crashed_tasks=lambda: details,
            version="1",
        )
        place, clock = self.places[number], SystemClock()
        listeners = [
            OperatorListener(f"unix:{place.metrics}", probes, clock),
            OperatorListener(f"unix:{place.inspection}", inspection, clock, any_host=False),
        ]
        async with AsyncExitStack() as stack:
            for listener in listeners:
                await listener.start()
                stack.push_async_callback(listener.stop)
            self.kept[number].state = "running"
            yield


@pytest.fixture
async def rig(tmp_path: Path) -> Rig:
    """Two workers that do not run yet."""
    return Rig(tmp_path)


def constant(path: str, document: Any) -> Route:
    """A route that always answers this."""
    return Route(path, lambda _: json_reply(document))


async def test_ready_means_that_one_is(rig: Rig) -> None:
    """The details say what is wrong with the other."""
    assert await rig.ask("/readyz") == (
        503,
        {
            "ready": False,
            "version": "1",
            "details": {"worker 0": "starting", "worker 1": "starting"},
        },
    )
    async with rig.worker(0, disk="full"):
        status, document = await rig.ask("/readyz")
        assert (status, document["ready"]) == (200, True)
        assert document["details"] == {"worker 1": "starting", "worker 0: disk": "full"}
        async with rig.worker(1, ready=False, disk="full"):
            status, document = await rig.ask("/readyz")
            assert document["details"] == {"worker 1": "not ready yet", "disk": "full"}
        status, document = await rig.ask("/readyz")
        assert document["details"]["worker 1"] == "does not answer"


async def test_crashed_tasks_name_their_worker(rig: Rig) -> None:
    """And a worker that does not run is as bad."""
    async with rig.worker(0, sync="boom"):
        status, document = await rig.ask("/healthz")
    assert (status, document) == (
        200,
        {
            "status": "degraded",
            "crashed_tasks": {"worker 0: sync": "boom", "worker 1": "starting"},
        },
    )


async def test_the_processes(rig: Rig) -> None:
    """For those who want to know which is which."""
    async with rig.worker(0):
        _, document = await rig.ask("/workers")
    assert document["items"] == [
        {"worker": 0, "pid": None, "state": "running", "restarts": 0},
        {"worker": 1, "pid": None, "state": "starting", "restarts": 0},
    ]


async def test_any_worker_answers_what_all_know(rig: Rig) -> None:
    """With names and parameters, and with the answer's status."""

    def contracts(question: Question) -> Reply:
        return json_reply([question.names["api_id"], dict(question.query)])

    def explain(question: Question) -> Reply:
        return text_reply(question.body.decode(), 400)

    routes = (Route("/apis/{api_id}/contracts", contracts), Route("/explain", explain, "POST"))
    target = "/apis/a%2Fb/contracts?limit=5"
    assert await rig.ask(target) == (503, "no worker answers; see /readyz")
    async with rig.worker(1, *routes):
        assert await rig.ask(target) == (200, ["a/b", {"limit": "5"}])
        assert await rig.ask("/explain", "POST", b"why?") == (400, "why?")


async def test_what_each_has_of_its_own(rig: Rig) -> None:
    """By the number of the worker."""
    async with rig.worker(0, constant("/quotas", 1)), rig.worker(1, constant("/quotas", 2)):
        assert await rig.ask("/quotas") == (200, {"workers": {"0": 1, "1": 2}})


async def test_denials_and_services_are_merged(rig: Rig) -> None:
    """Also the matches of an API's pointcuts."""
    denials = {"total": 1, "kept": 9, "items": [{"time": "T1"}]}
    services = {
        "left_out": 0,
        "items": [{"authority": "a", "route": "", "requests": 2}],
    }
    api = {"policies": [{"policy_id": "1", "pointcuts": [{"matched": 3}]}]}
    routes = (
        constant("/denials", denials),
        constant("/discovered", services),
        constant("/apis/7", api),
    )
    assert (await rig.ask("/denials"))[0] == (await rig.ask("/discovered"))[0] == 503
    async with rig.worker(0, *routes), rig.worker(1, *routes):
        _, found = await rig.ask("/denials?limit=1")
        assert (found["total"], found["items"]) == (2, [{"time": "T1"}])
        assert (await rig.ask("/denials?limit=x"))[0] == 400
        assert (await rig.ask("/discovered"))[1]["items"][0]["requests"] == 4
        _, found = await rig.ask("/apis/7")
        assert found["policies"][0]["pointcuts"] == [{"matched": 6}]
        assert await rig.ask("/apis/8") == (404, "not found")


async def test_a_sync_reaches_all(rig: Rig) -> None:
    """Worker 0 syncs, and the others load what it has loaded."""
    done = {"synced": True, "revision": 1, "failures": {}}
    good = Route("/sync", lambda _: json_reply(done), "POST")
    later = Route("/sync", lambda _: json_reply({"synced": False, "why": "later"}, 202), "POST")
    bad = Route("/sync", lambda _: json_reply({"synced": False, "failures": {"x": "y"}}), "POST")
    _, found = await rig.ask("/sync", "POST")
    assert found == {"synced": False, "failures": {"worker 0": "does not answer; see /readyz"}}
    async with rig.worker(0, good):
        async with rig.worker(1, good):
            assert await rig.ask("/sync", "POST") == (200, done)
        _, found = await rig.ask("/sync", "POST")
        assert not found["synced"]
        assert found["failures"] == {"worker 1": "has not loaded this yet; see /readyz"}
    async with rig.worker(0, bad):
        _, found = await rig.ask("/sync", "POST")
        assert found["failures"]["x"] == "y"
    async with rig.worker(0, later):
        assert (await rig.ask("/sync", "POST"))[0] == 202


async def test_metrics_of_all(rig: Rig) -> None:
    """The parent's own are among them."""
    async with rig.worker(0):
        _, text = await rig.ask("/metrics")
    assert "adapter_worker_restarts_total 0.0" in text


async def test_one_that_is_no_worker(tmp_path: Path) -> None:
    """What does not speak HTTP gives no answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\r\n\r\n")
        writer.close()

    async with await asyncio.start_unix_server(serve, tmp_path / "s"):
        assert await ask(tmp_path / "s", "/readyz") is None


async def test_the_parent_answers_all_that_an_adapter_answers(rig: Rig) -> None:
    """A page that only a single process has would be missed by those who have several."""
    adapter = Adapter(Settings.model_validate({"platform": PLATFORM}))
    single = {(route.method, route.path) for one in adapter._listeners for route in one._routes}
    together = {(route.method, route.path) for route in rig.routes}
    assert together == single | {("GET", "/workers")}
