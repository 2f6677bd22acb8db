"""Expressions through a real Envoy: what upstreams get, and what clients can do to them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from adapter.runtime.clock import SystemClock
from support.defaults import envoy_config, memory_quotas
from support.upstream import Upstream
from tests.builders import api, applied
from tests.e2e.conftest import QUICK_AND_PATIENT, Gateway
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

INJECTED = {
    "x-size": "#[if (attributes.headers['x-num'] > 5) 'large' else 'small']",
    "x-token": "#[attributes.headers.authorization replace 'Bearer ' with '']",
    "x-wanted": "#[attributes.queryParams.q]",
}
LIMIT = {
    "rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 3_600_000}],
    "keySelector": "#[attributes.queryParams.key]",
}
APIS = (
    api(
        "injected",
        [
            applied(
                "header-injection",
                {"inboundHeaders": [{"key": k, "value": v} for k, v in INJECTED.items()]},
            )
        ],
    ),
    api("limited", [applied("rate-limiting", LIMIT)]),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """Both APIs behind one Envoy."""
    names = [each.instance.api_id for each in APIS]
    async with AdapterInProcess(APIS, quotas=memory_quotas(SystemClock())) as adapter:
        config = envoy_config(
            apis=tuple(ApiRoute(name, upstream.http_address, (f"{name}.test",)) for name in names),
            adapters=(adapter.address,),
            **QUICK_AND_PATIENT,
        )
        async with Envoy(binary, render(config), tmp_path_factory.mktemp("envoy")) as envoy:
            yield Gateway(envoy, adapter, upstream)


async def test_headers_count_as_the_numbers_that_they_write_out(gateway: Gateway) -> None:
    """A numeric test on a header used to fail for every request."""
    for number, size in (("12", "large"), ("5.0", "small"), ("1e1", "large")):
        sent = (("x-num", number), ("authorization", "Bearer abc"))
        answer = await request(gateway.address, "injected.test", "/?%71=a+b", sent)
        assert answer.upstream_saw("x-size") == [size]
        assert answer.upstream_saw("x-token") == ["abc"]
        assert answer.upstream_saw("x-wanted") == ["a b"]


async def test_a_header_that_is_no_number_is_denied(gateway: Gateway) -> None:
    """What can't be computed does not pass."""
    answer = await request(gateway.address, "injected.test", "/", (("x-num", "many"),))
    assert answer.status == 500


async def test_a_query_as_long_as_a_request_makes_the_expression_fail(gateway: Gateway) -> None:
    """Nobody waits for the search through it."""
    number = (("x-num", "1"),)
    path = "/?q=1&" + "a&" * 25_000
    assert (await request(gateway.address, "injected.test", path, number)).status == 500
    assert (await request(gateway.address, "injected.test", "/", number)).status == 200


async def test_a_query_that_is_too_long_is_no_way_around_a_limit(gateway: Gateway) -> None:
    """All requests whose key can't be found have one limit together."""
    path = "/?key={}&" + "a&" * 25_000
    statuses = [
        (await request(gateway.address, "limited.test", path.format(key))).status
        for key in ("one", "two")
    ]
    assert statuses == [200, 429]
