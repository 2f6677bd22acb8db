"""What the controller writes into a cluster, and what it tells about refusals."""

from typing import Any

import pytest

from adapter.controller.core.conditions import Outcome
from adapter.controller.core.decision import Decision
from adapter.controller.core.desired_objects import LONGEST_FILE
from adapter.controller.core.resources import CONFIG_MAP, Key
from adapter.controller.kubernetes.failures import ApiServerError
from adapter.controller.mesh_writer import MeshWriter
from tests.rig.clock import FakeClock
from tests.unit.controller.objects import binding, decided, gateway, http_route

_BINDINGS = Key(CONFIG_MAP, "adapter", "policy-adapter-bindings")
_TAKEOVER_S = 120.0
_LIVE = {"metadata": {"resourceVersion": "1", "uid": "u"}}


class RefusingServer:
    """An API server that refuses some requests, by their verb and key, and keeps the others."""

    def __init__(self, **refused: dict[Key, ApiServerError]) -> None:
        self.refused = refused
        self.done: list[tuple[str, str]] = []
        self.objects: dict[Key, Any] = {}

    async def apply(self, key: Key, content: Any, *, force: bool) -> Any:
        """Server-side apply."""
        self._do("apply", key)
        self.objects[key] = content
        return {"metadata": {"resourceVersion": "1"}}

    async def delete(self, key: Key, uid: str) -> None:
        """Delete."""
        self._do("delete", key)

    async def get(self, key: Key) -> Any:
        """Read an object."""
        if key in self.refused.get("get", {}):
            raise self.refused["get"][key]
        if key not in self.objects:
            raise ApiServerError("there is none", 404)
        return self.objects[key]

    def applied(self) -> list[str]:
        """The kinds of what was applied since the last call."""
        kinds = [key.partition(" ")[0] for _, key in self.done]
        self.done.clear()
        return kinds

    def _do(self, verb: str, key: Key) -> None:
        if key in self.refused.get(verb, {}):
            raise self.refused[verb][key]
        self.done.append((verb, str(key)))


def writer(
    server: RefusingServer,
    clock: FakeClock | None = None,
    takeover_s: float = 0,
    writes: int = 100,
) -> MeshWriter:
    """A writer to this server, whose adapter has a token. The Lease lasts for so many writes."""
    return MeshWriter(
        server,  # type: ignore[arg-type]
        takeover_s,
        clock or FakeClock(),
        lambda *_: None,
        lambda: len(server.done) < writes,
        "between-us",
    )


def deciding(*routes: str) -> Decision:
    """Five objects, and a binding for each of these routes."""
    bindings = [binding(name, f"HTTPRoute/{name}") for name in routes]
    return decided("envoy-gateway", gateway(), *map(http_route, routes), *bindings)


@pytest.fixture
def decision() -> Decision:
    """Five objects and a binding."""
    return deciding("o")


async def test_the_bindings_come_first(decision: Decision) -> None:
    """If they are refused, no object is applied."""
    server = RefusingServer()
    assert await writer(server).write(decision, {}) == Outcome()
    assert server.applied()[0] == "ConfigMap"
    for verb in ("get", "apply"):
        refusing = RefusingServer(**{verb: {_BINDINGS: ApiServerError("no right", 403)}})
        outcome = await writer(refusing).write(decision, {})
        assert outcome.waits_for == ("NotApplied", f"{_BINDINGS}: no right")
        assert refusing.applied() == []


async def test_objects_wait_until_the_adapters_have_the_bindings(decision: Decision) -> None:
    """A controller that starts meanwhile goes on with the same wait."""
    server, clock = RefusingServer(), FakeClock()
    first = writer(server, clock, _TAKEOVER_S)
    outcome = await first.write(decision, {})
    assert outcome.waits_for == (
        "AdapterUpdating",
        "The objects follow 120 seconds after the bindings.",
    )
    await clock.advance(100)
    second = writer(server, clock, _TAKEOVER_S)
    assert (await second.write(decision, {})).waits_for is not None
    assert server.applied() == ["ConfigMap", "ConfigMap"]
    await clock.advance(20)
    assert await second.write(decision, {}) == Outcome()
    assert len(server.applied()) == 5
    assert await writer(server, clock, _TAKEOVER_S).write(decision, {}) == Outcome()


async def test_a_binding_that_is_made_again_during_the_wait_stays_protected() -> None:
    """Its objects were going to be removed, because it had been deleted."""
    server, clock = RefusingServer(), FakeClock()
    mesh = writer(server, clock, _TAKEOVER_S)
    first = deciding("o")
    live = dict.fromkeys(first.objects, _LIVE)
    await mesh.write(first, {})
    await clock.advance(_TAKEOVER_S)
    await mesh.write(first, {})
    await mesh.write(deciding(), live)
    await clock.advance(_TAKEOVER_S)
    for _ in range(2):
        await mesh.write(first, live)
        await clock.advance(_TAKEOVER_S)
    assert [verb for verb, _ in server.done if verb == "delete"] == []
    await mesh.write(deciding(), live)
    await clock.advance(_TAKEOVER_S)
    await mesh.write(deciding(), live)
    assert len([verb for verb, _ in server.done if verb == "delete"]) == len(live)


async def test_changes_in_a_row_keep_no_object_waiting() -> None:
    """New bindings are written when the objects of the last ones are there."""
    server, clock = RefusingServer(), FakeClock()
    mesh = writer(server, clock, _TAKEOVER_S)
    await mesh.write(deciding("o"), {})
    before = server.objects[_BINDINGS]
    await clock.advance(60)
    outcome = await mesh.write(deciding("o", "p"), {})
    assert outcome.waits_for is not None
    assert server.objects[_BINDINGS] == before
    assert server.applied() == ["ConfigMap"]
    await clock.advance(60)
    assert (await mesh.write(deciding("o", "p"), {})).waits_for is not None
    applied = server.applied()
    assert applied[5] == "ConfigMap"
    assert "HTTPRoute/shop/p" in server.objects[_BINDINGS]["data"]["bindings.yaml"]
    await clock.advance(120)
    assert await mesh.write(deciding("o", "p"), {}) == Outcome()


async def test_objects_that_somebody_deletes_come_back_while_others_wait() -> None:
    """An Envoy without its objects would not ask."""
    server, clock = RefusingServer(), FakeClock()
    mesh, first = writer(server, clock, _TAKEOVER_S), deciding("o")
    await mesh.write(first, {})
    await clock.advance(120)
    await mesh.write(first, {})
    await mesh.write(second := deciding("o", "p"), dict.fromkeys(first.objects, _LIVE))
    server.applied()
    gone, *others = first.objects
    assert (await mesh.write(second, dict.fromkeys(others, _LIVE))).waits_for is not None
    assert server.applied() == [gone.resource.kind]


async def test_a_message_does_not_repeat_the_token(decision: Decision) -> None:
    """An API server shows the value that it refuses. The other objects are applied."""
    key = list(decision.objects)[-1]
    refused = ApiServerError('Invalid value: "between-us"', 422)
    outcome = await writer(RefusingServer(apply={key: refused})).write(decision, {})
    assert outcome.failures == {key: 'Invalid value: "***"'}


async def test_more_bindings_than_fit_are_refused(decision: Decision) -> None:
    """A ConfigMap has a limit. The objects wait, because the adapter does not know its APIs."""
    _, content = decision.bindings
    content["data"]["bindings.yaml"] = "x" * (LONGEST_FILE + 1)
    outcome = await writer(server := RefusingServer()).write(decision, {})
    assert outcome.waits_for is not None
    assert outcome.waits_for[0] == "TooManyBindings"
    assert server.done == []


@pytest.mark.parametrize("writes", [0, 1, 3, 6])
async def test_nothing_is_written_without_the_lease(decision: Decision, writes: int) -> None:
    """Another controller works then, and a late removal would open what it protects."""
    old = Key(next(iter(decision.objects)).resource, "old", "policy-adapter-old")
    server = RefusingServer()
    outcome = await writer(server, writes=writes).write(decision, {old: {"metadata": {"uid": "u"}}})
    assert len(server.done) == writes
    assert outcome.waits_for is not None or outcome.failures


@pytest.mark.parametrize(("status", "failures"), [(404, 0), (409, 0), (403, 1)])
async def test_what_is_gone_already_needs_no_removal(
    decision: Decision, status: int, failures: int
) -> None:
    """Somebody else was faster; a missing right is told."""
    old = Key(next(iter(decision.objects)).resource, "old", "policy-adapter-old")
    live = {old: {"metadata": {"uid": "u"}}}
    server = RefusingServer(delete={old: ApiServerError("refused", status)})
    outcome = await writer(server).write(decision, live)
    assert len(outcome.failures) == failures
