"""Requests as large as Envoy lets them be, and what becomes of them and of others."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from adapter.envoy_config import ApiRoute, render
from adapter.policy.catalog import Pointcut
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api, applied
from tests.e2e.conftest import Gateway, manager_and_filter
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOP = "https://shop.example.com"
GROUP = {
    "origins": [SHOP],
    "allowedMethods": [{"methodName": "PUT", "isAllowed": True}],
    "headers": ["x-a"],
}
APIS = {
    "open": [],
    "blocked": [applied("access-block", pointcuts=(Pointcut(".*", "/admin/.*"),))],
    "cors": [applied("cors", {"publicResource": False, "originGroups": [GROUP]})],
}


def letting_many_headers_pass(adapter: str, upstream: Upstream) -> str:
    """An Envoy that an operator told to take ten times as many headers."""
    config = envoy_config(
        apis=tuple(ApiRoute(name, upstream.http_address, (f"{name}.test",)) for name in APIS),
        adapters=(adapter,),
        check_timeout_s=5,
    )
    bootstrap = yaml.safe_load(render(config))
    manager, _ = manager_and_filter(bootstrap)
    manager.setdefault("common_http_protocol_options", {})["max_headers_count"] = 1_000
    return json.dumps(bootstrap)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """Three APIs, each on a domain of its own."""
    apis = [api(name, policies) for name, policies in APIS.items()]
    async with AdapterInProcess(apis) as adapter:
        config = letting_many_headers_pass(adapter.address, upstream)
        async with Envoy(binary, config, tmp_path_factory.mktemp("envoy")) as envoy:
            yield Gateway(envoy, adapter, upstream)


@pytest.mark.parametrize(("count", "status"), [(110, 200), (300, 431)])
async def test_more_headers_than_anyone_needs(gateway: Gateway, count: int, status: int) -> None:
    """The adapter refuses them even if Envoy is configured to accept them."""
    headers = tuple((f"x-{n}", "1") for n in range(count))
    assert (await request(gateway.address, "open.test", "/", headers)).status == status


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("blocked", "/" + "a" * 50_000, 414),
        ("blocked", "/a?" + "q" * 50_000, 200),
        ("open", "/" + "a" * 50_000, 200),
    ],
)
async def test_a_path_as_long_as_a_request(
    gateway: Gateway, name: str, path: str, status: int
) -> None:
    """It is refused where a policy would have to look at all of it."""
    assert (await request(gateway.address, f"{name}.test", path)).status == status


async def test_a_preflight_that_asks_for_thousands_of_headers(gateway: Gateway) -> None:
    """It is answered, and grants nothing."""
    asked = (
        ("origin", SHOP),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-a," * 10_000),
    )
    answer = await request(gateway.address, "cors.test", "/", asked, method="OPTIONS")
    assert answer.status == 204
    assert not [name for name, _ in answer.headers if name.startswith("access-control-allow")]
