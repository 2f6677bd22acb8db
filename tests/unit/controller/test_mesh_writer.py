"""What the controller writes into a cluster, and what it tells about refusals."""

from typing import Any

import pytest

from adapter.controller.core.conditions import Outcome
from adapter.controller.core.decision import Decision
from adapter.controller.core.desired_objects import LONGEST_SETTING
from adapter.controller.core.resources import CONFIG_MAP, DEPLOYMENT, Key
from adapter.controller.kubernetes.failures import ApiServerError
from adapter.controller.mesh_writer import MeshWriter
from tests.unit.controller.objects import binding, decided, gateway, http_route

_SETTINGS = Key(CONFIG_MAP, "adapter", "policy-adapter-bindings")
_DEPLOYMENT = Key(DEPLOYMENT, "adapter", "adapter")


class RefusingServer:
    """An API server that refuses some requests, by their verb and key, and keeps the others."""

    def __init__(self, **refused: dict[Key, ApiServerError]) -> None:
        self.refused = refused
        self.done: list[tuple[str, str]] = []

    async def apply(self, key: Key, content: Any, *, force: bool) -> Any:
        """Server-side apply."""
        return self._do("apply", key)

    async def delete(self, key: Key, uid: str) -> None:
        """Delete."""
        self._do("delete", key)

    async def get(self, key: Key) -> Any:
        """Read a Deployment."""
        return self._do("get", key)

    async def patch(self, key: Key, change: Any, part: str = "") -> Any:
        """Change a Deployment."""
        return self._do("patch", key)

    def _do(self, verb: str, key: Key) -> Any:
        if key in self.refused.get(verb, {}):
            raise self.refused[verb][key]
        self.done.append((verb, str(key)))
        return {"metadata": {"resourceVersion": "1"}, "spec": {"template": {}}}


def writer(server: RefusingServer, deployment: Key | None = None, writes: int = 100) -> MeshWriter:
    """A writer to this server, whose adapter has a token. The Lease lasts for so many writes."""
    return MeshWriter(
        server,  # type: ignore[arg-type]
        deployment,
        lambda *_: None,
        lambda: len(server.done) < writes,
        "between-us",
    )


@pytest.fixture
def decision() -> Decision:
    """Five objects and the settings."""
    return decided("envoy-gateway", gateway(), http_route("o"), binding("o", "HTTPRoute/o"))


async def test_the_settings_come_first(decision: Decision) -> None:
    """If they are refused, no object is applied."""
    server = RefusingServer()
    assert await writer(server).write(decision, {}) == Outcome()
    assert server.done[0] == ("apply", str(_SETTINGS))
    refusing = RefusingServer(apply={_SETTINGS: ApiServerError("no right", 403)})
    outcome = await writer(refusing).write(decision, {})
    assert outcome.waits_for == ("NotApplied", f"{_SETTINGS}: no right")
    assert refusing.done == []


async def test_a_message_does_not_repeat_the_token(decision: Decision) -> None:
    """An API server shows the value that it refuses. The other objects are applied."""
    key = list(decision.objects)[-1]
    refused = ApiServerError('Invalid value: "between-us"', 422)
    outcome = await writer(RefusingServer(apply={key: refused})).write(decision, {})
    assert outcome.failures == {key: 'Invalid value: "***"'}


async def test_settings_that_no_environment_can_hold_are_refused(decision: Decision) -> None:
    """Otherwise no adapter would start any more."""
    _, content = decision.settings
    content["data"]["POLICY_ADAPTER_REQUESTS__BINDINGS"] = "x" * (LONGEST_SETTING + 1)
    outcome = await writer(server := RefusingServer()).write(decision, {})
    assert outcome.waits_for is not None
    assert outcome.waits_for[0] == "SettingsTooLong"
    assert server.done == []


@pytest.mark.parametrize("verb", ["get", "patch"])
async def test_a_deployment_that_cannot_be_restarted_is_named(
    decision: Decision, verb: str
) -> None:
    """The objects wait, because the adapter does not know its APIs."""
    server = RefusingServer(**{verb: {_DEPLOYMENT: ApiServerError("no right", 403)}})
    outcome = await writer(server, _DEPLOYMENT).write(decision, {})
    assert outcome.waits_for == ("NotApplied", "Deployment adapter/adapter: no right")


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
