"""A denial's id: what the client, Envoy's access log and the operator's list say is the same."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api, api_ruled_by, applied
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN, denying
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.polling import until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

DETAIL = 'a "quoted" detail\twith\\ttabs'
APIS = (
    api("open"),
    api_ruled_by("deny", lambda _: denying(403, detail=DETAIL)),
    api("closed", [applied("no-such-policy")]),
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """An Envoy with an access log of its own."""

    address: str
    adapter: AdapterInProcess
    log: Path

    async def logged(self, path: str) -> dict[str, Any]:
        """The line about the request with this path."""
        await until(lambda: self.log.exists() and f'"{path}"' in self.log.read_text())
        lines = map(json.loads, self.log.read_text().splitlines())
        (line,) = [line for line in lines if line["path"] == path]
        found: dict[str, Any] = line
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """As `envoy-config --access-log` writes it."""
    directory = tmp_path_factory.mktemp("envoy")
    log = directory / "access.log"
    async with AdapterInProcess(APIS, token=TOKEN) as adapter:
        names = [each.instance.api_id for each in APIS] + ["unknown"]
        config = envoy_config(
            apis=tuple(ApiRoute(n, upstream.http_address, (f"{n}.test",)) for n in names),
            adapters=(adapter.address,),
            access_log=str(log),
            **QUICK_AND_PATIENT,
        )
        async with Envoy(binary, render(config), directory, 1) as envoy:
            yield Gateway(envoy.address, adapter, log)


@pytest.mark.parametrize("content_type", ["application/json", "application/grpc"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [("deny", "access_blocked"), ("closed", "api_closed"), ("unknown", "api_unknown")],
)
async def test_one_id_names_a_denial_everywhere(
    gateway: Gateway, name: str, reason: str, content_type: str
) -> None:
    """A client that reports the header's value is found in the log and in the list."""
    path = f"/{name}/{content_type}"
    sent = [("content-type", content_type)]
    answer = await request(gateway.address, f"{name}.test", f"{path}?key=secret", sent)
    line = await gateway.logged(path)
    (kept,) = [each for each in gateway.adapter.denials.newest_first if each.path == path]
    assert answer.header("x-adapter-decision-id") == line["decision_id"] == kept.decision_id
    assert (answer.header("x-adapter-reason"), line["reason"]) == (reason, reason)
    assert line["detail"] == kept.denied.deny.detail
    assert "secret" not in gateway.log.read_text()


async def test_an_allowed_request_has_no_id(gateway: Gateway) -> None:
    """The line says who called what, and nothing about a denial."""
    answer = await request(gateway.address, "open.test", "/allowed")
    line = await gateway.logged("/allowed")
    assert answer.header("x-adapter-decision-id") is None
    assert (line["status"], line["api"].split("|")[0]) == (200, "open")
    assert {line.get(name) for name in ("decision_id", "reason", "detail", "policy_id")} == {None}
