"""Too many Checks wait: what a real Envoy makes of it."""

import asyncio
from pathlib import Path

import pytest

from adapter.envoy_config import ApiRoute, render
from adapter.ext_authz.waiting_checks import WaitingChecks
from adapter.runtime.clock import SystemClock
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.e2e.conftest import APIS, QUICK_AND_PATIENT, TOKEN
from tests.rig.adapters import AdapterInProcess, SilentQuotas
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.polling import until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_clients_get_503_and_envoy_neither_retries_nor_ejects(
    upstream: Upstream, tmp_path: Path
) -> None:
    """The Check that waits is given up when the filter's timeout is over."""
    waiting = WaitingChecks(2, SystemClock())
    async with AdapterInProcess(
        APIS, token=TOKEN, quotas=SilentQuotas(), waiting=waiting
    ) as adapter:
        routes = (ApiRoute("store", upstream.http_address, ("store.test",)),)
        options = {**QUICK_AND_PATIENT, "check_timeout_s": 3.0}
        config = envoy_config(routes, (adapter.address,), **options)
        async with Envoy(envoy_binary(NEWEST), render(config), tmp_path) as envoy:
            served = upstream.requests
            first = asyncio.create_task(request(envoy.address, "store.test", "/"))
            await until(lambda: waiting.now == 1)
            refused = [request(envoy.address, "store.test", "/") for _ in range(6)]
            others = await asyncio.gather(*refused)
            assert waiting.now == 1, "the refusals took as long as the first one waits"
            assert {answer.status for answer in others} == {503}
            assert (await first).status == 503
            await until(lambda: waiting.now == 0)
            assert waiting.dropped == {"overload": 6, "abandoned": 1}
            assert upstream.requests == served
            for stat in ("upstream_rq_retry", "outlier_detection.ejections_enforced_total"):
                assert await envoy.stat(f"cluster.adapter.{stat}") == 0
