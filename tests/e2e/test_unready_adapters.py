"""Adapters that have not loaded their policies yet, beside one that has."""

from pathlib import Path

import pytest

from support.upstream import Upstream
from tests.e2e.conftest import APIS, config_for
from tests.rig.adapters import TRANSPORTS, AdapterInProcess, Transport
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_ready_adapter_gets_the_retry(
    upstream: Upstream, tmp_path: Path, transport: Transport
) -> None:
    """Envoy has not noticed yet, as in the first minute of an idle gateway: no request fails."""
    async with (
        AdapterInProcess((), transport=transport, loading=True) as unready,
        AdapterInProcess(APIS, transport=transport) as ready,
    ):
        config = config_for(upstream, unready.address, ready.address, token=None)
        async with Envoy(envoy_binary(NEWEST), config, tmp_path) as envoy:
            answers = [await request(envoy.address, "open.test") for _ in range(5)]
        assert [answer.status for answer in answers] == [200] * 5
        assert ("/envoy.service.auth.v3.Authorization/Check", 14) in unready.observed.failed


async def test_without_a_ready_adapter_clients_are_told(upstream: Upstream, tmp_path: Path) -> None:
    """The retry comes back to the same adapter, which denies it; the API is not called unknown."""
    async with AdapterInProcess((), loading=True) as unready:
        config = config_for(upstream, unready.address, token=None)
        async with Envoy(envoy_binary(NEWEST), config, tmp_path) as envoy:
            answer = await request(envoy.address, "open.test")
    assert (answer.status, answer.header("x-adapter-reason")) == (503, "not_ready")
