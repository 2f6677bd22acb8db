"""A cluster of the small API server, and what controllers have done there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import yaml

from adapter.app.controller import Controller
from adapter.controller.core.resources import API_BINDING, CONFIG_MAP, written_for
from tests.rig.controllers import conditions, path_of
from tests.rig.fake_api_server import FakeApiServer
from tests.rig.polling import until
from tests.unit.controller.objects import Object, gateway, http_route

BINDINGS = path_of(API_BINDING)
ALL = [path_of(resource) for resource in written_for("envoy-gateway")]
PROGRAMMED = {"Accepted": "Accepted", "Programmed": "Programmed"}


@asynccontextmanager
async def a_cluster() -> AsyncIterator[FakeApiServer]:
    """A cluster with a Gateway and two routes."""
    async with FakeApiServer().serving() as server:
        for item in (gateway(), http_route("orders"), http_route("users")):
            put(server, item)
        yield server


def put(server: FakeApiServer, item: Object) -> dict[str, Any]:
    """Make or change an object, as somebody with kubectl does."""
    resource, content = item
    for ours in ("uid", "generation"):
        content["metadata"].pop(ours)
    return server.put(path_of(resource), content)


def told(server: FakeApiServer, name: str = "orders") -> dict[str, str]:
    """What an ApiBinding is told."""
    return conditions(server.objects(BINDINGS)["shop", name])


def message(server: FakeApiServer) -> str:
    """What the condition Accepted of the ApiBinding says."""
    status = server.objects(BINDINGS)["shop", "orders"]["status"]
    return str(status["conditions"][0]["message"])


def is_told(server: FakeApiServer, words: str) -> bool:
    """Whether these words are in it."""
    return words in message(server)


def counted(server: FakeApiServer) -> int:
    """How many objects of the mesh there are."""
    return sum(len(server.objects(path)) for path in ALL)


def bound(server: FakeApiServer) -> list[str]:
    """The APIs in the adapter's bindings."""
    found = server.objects(path_of(CONFIG_MAP)).get(("adapter", "policy-adapter-bindings"))
    rows = yaml.safe_load(found["data"]["bindings.yaml"]) if found else []
    return [row["api_id"] for row in rows]


async def another_round(server: FakeApiServer, *controllers: Controller) -> None:
    """Something changes, and all of them see it."""

    def has_more(controller: Controller, before: int) -> bool:
        return controller._reconciler.rounds.get("succeeded", 0) > before

    done = [each._reconciler.rounds.get("succeeded", 0) for each in controllers]
    put(server, http_route("more"))
    for each, before in zip(controllers, done, strict=True):
        await until(partial(has_more, each, before))
