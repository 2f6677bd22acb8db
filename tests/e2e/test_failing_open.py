"""An Envoy that lets requests pass if nobody decides: a decision counts all the same."""

from pathlib import Path

import pytest
import yaml

from support.upstream import Upstream
from tests.e2e.conftest import APIS, TOKEN, config_for, manager_and_filter
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request

DENIED = {"secured": 401, "faulty": 503, "refused": 429, "unknown": 403}


@pytest.mark.asyncio(loop_scope="session")
async def test_a_denial_never_fails_open(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """Not even with 503. Only what nobody decided passes."""
    async with AdapterInProcess(APIS, token=TOKEN) as adapter:
        config = yaml.safe_load(config_for(upstream, adapter.address))
        _, ext_authz = manager_and_filter(config)
        ext_authz["failure_mode_allow"] = True
        async with Envoy(binary, yaml.safe_dump(config), tmp_path) as envoy:
            statuses = {
                name: (await request(envoy.address, f"{name}.test", "/")).status for name in DENIED
            }
            assert statuses == DENIED
            # The quota store is down, so nobody decides about this one.
            assert (await request(envoy.address, "store.test", "/")).status == 200
