"""Denials of what is gRPC to Envoy, and of what only looks like it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from support.defaults import envoy_config
from tests.builders import api, api_ruled_by, applied
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN, denying
from tests.rig.adapters import AdapterInProcess, CollectedLogs
from tests.rig.envoy import Envoy
from tests.rig.events import event_of
from tests.rig.polling import until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

APIS = (api_ruled_by("deny", lambda _: denying(405)), api("cors", [applied("cors")]))
GRPC = ("application/grpc", "application/grpc+proto")
OTHERS = (
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpcx",
    "application/grpc;charset=utf-8",
    "Application/gRPC",
    "application/json",
)


@dataclass(frozen=True, slots=True)
class Logged:
    """An Envoy, and the access log that it sends."""

    address: str
    logs: CollectedLogs

    async def last_event(self, entries_before: int) -> dict[str, Any]:
        """The event of the one entry that comes after so many."""
        await until(lambda: len(self.logs.entries()) > entries_before)
        return event_of(self.logs.entries()[-1])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Logged]:
    """Nothing reaches the service, so there is none."""
    logs = CollectedLogs()
    async with AdapterInProcess(APIS, token=TOKEN, logs=logs) as adapter:
        names = [each.instance.api_id for each in APIS]
        config = envoy_config(
            apis=tuple(ApiRoute(name, "127.0.0.1:1", (f"{name}.test",)) for name in names),
            adapters=(adapter.address,),
            **{**QUICK_AND_PATIENT, "log_flush_s": 0.02},
        )
        async with Envoy(binary, render(config), tmp_path_factory.mktemp("envoy"), 1) as envoy:
            yield Logged(envoy.address, logs)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("content_type", [*GRPC, *OTHERS])
async def test_a_denial_speaks_the_protocol_that_envoy_takes_the_client_for(
    gateway: Logged, content_type: str, method: str
) -> None:
    """And analytics show the denial's own status, whatever went over the wire."""
    before = len(gateway.logs.entries())
    answer = await request(
        gateway.address, "deny.test", "/", [("content-type", content_type)], method=method
    )
    if content_type in GRPC:
        assert (answer.status, answer.header("grpc-status")) == (200, "7")
        assert answer.header("grpc-message") == "Refused"
    else:
        assert (answer.status, answer.header("grpc-status")) == (405, None)
        assert answer.header("content-type") == "application/json"
        assert answer.json() == {"error": "Refused"}
    event = await gateway.last_event(before)
    assert (event["status_code"], event["request_disposition"]) == (405, "BLOCKED")


async def test_a_preflight_that_looks_like_grpc_is_no_failure(gateway: Logged) -> None:
    """Envoy has a status of its own for it; ours is 204."""
    before = len(gateway.logs.entries())
    asked = [("origin", "https://a.test"), ("access-control-request-method", "GET")]
    sent = [*asked, ("content-type", "application/grpc")]
    await request(gateway.address, "cors.test", "/", sent, method="OPTIONS")
    event = await gateway.last_event(before)
    assert (event["status_code"], event["request_disposition"]) == (204, "PROCESSED")


async def test_what_was_refused_without_a_decision_is_no_success(gateway: Logged) -> None:
    """A service that is away, asked by a client whom Envoy takes for one of gRPC."""
    before = len(gateway.logs.entries())
    sent = [("content-type", "application/grpc")]
    answer = await request(gateway.address, "cors.test", "/", sent)
    assert answer.status == 200
    assert (await gateway.last_event(before))["status_code"] == 503
