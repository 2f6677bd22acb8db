"""Keys that a client invents at one API, and what becomes of the limits of another one."""

import json
from pathlib import Path

import pytest
import yaml

from adapter.envoy_config import ApiRoute, render
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.runtime.clock import SystemClock
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api, applied
from tests.e2e.conftest import manager_and_filter
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIMIT = {"rateLimits": [{"maximumRequests": 100, "timePeriodInMilliseconds": 3_600_000}]}
BY_KEY = {**LIMIT, "keySelector": "#[attributes.headers['x-key']]"}


def letting_failures_pass(adapter: str, upstream: Upstream) -> str:
    """An Envoy for both APIs, each on a domain of its own."""
    config = envoy_config(
        apis=tuple(
            ApiRoute(name, upstream.http_address, (f"{name}.test",))
            for name in ("attacked", "other")
        ),
        adapters=(adapter,),
        check_timeout_s=5,
    )
    bootstrap = yaml.safe_load(render(config))
    _, ext_authz = manager_and_filter(bootstrap)
    ext_authz["failure_mode_allow"] = True
    return json.dumps(bootstrap)


async def test_invented_keys_are_refused_and_another_api_goes_on(
    binary: Path, upstream: Upstream, tmp_path: Path
) -> None:
    """It is a denial by the adapter, so `failure_mode_allow` does not allow it."""
    apis = [
        api("attacked", [applied("rate-limiting", BY_KEY)]),
        api("other", [applied("rate-limiting", LIMIT)]),
    ]
    quotas = MemoryQuotaStore(SystemClock(), max_windows=20)
    async with AdapterInProcess(apis, quotas=quotas) as adapter:
        config = letting_failures_pass(adapter.address, upstream)
        async with Envoy(binary, config, tmp_path) as envoy:
            answers = [
                await request(envoy.address, "attacked.test", "/", (("x-key", f"{n}"),))
                for n in range(30)
            ]
            statuses = [answer.status for answer in answers]
            assert statuses == [200] * 10 + [503] * 20
            assert dict(answers[-1].headers)["x-adapter-reason"] == "quota_unknown"
            assert "cannot be counted" in json.loads(answers[-1].body)["error"]
            again = await request(envoy.address, "attacked.test", "/", (("x-key", "0"),))
            assert again.status == 200
            assert (await request(envoy.address, "other.test", "/")).status == 200
