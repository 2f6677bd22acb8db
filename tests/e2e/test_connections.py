"""How Envoy reaches the adapter, and what happens when it does not."""

import uuid
from pathlib import Path

import pytest

from demo.upstream import Upstream
from tests.e2e.conftest import APIS, TOKEN, config_for
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_unix_sockets(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """Two adapters on Unix sockets, one of them abstract, share the requests."""
    file, abstract = f"unix:{tmp_path}/adapter.sock", f"unix-abstract:adapter-{uuid.uuid4()}"
    async with (
        AdapterInProcess(APIS, file, token=TOKEN) as one,
        AdapterInProcess(APIS, abstract, token=TOKEN) as other,
        Envoy(binary, config_for(upstream, file, abstract), tmp_path / "envoy") as envoy,
    ):
        for _ in range(8):
            assert (await request(envoy.address, "open.test")).status == 200
        assert len(one.observed.decisions) + len(other.observed.decisions) == 8
        assert one.observed.decisions
        assert other.observed.decisions


async def test_host_name(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """The adapter may be found by name."""
    async with AdapterInProcess(APIS, token=TOKEN) as adapter:
        config = config_for(upstream, adapter.address.replace("127.0.0.1", "localhost"))
        async with Envoy(binary, config, tmp_path) as envoy:
            assert (await request(envoy.address, "open.test")).status == 200


async def test_adapter_down(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """Without an adapter nothing passes, and the answer is 503, not a refusal."""
    async with AdapterInProcess(APIS, token=TOKEN) as adapter:
        address = adapter.address
    before = upstream.requests
    async with Envoy(binary, config_for(upstream, address), tmp_path) as envoy:
        answer = await request(envoy.address, "open.test")
        assert (answer.status, answer.body) == (503, b"")
        assert await envoy.stat("http.ingress.ext_authz.error") == 1
    assert upstream.requests == before


async def test_wrong_token(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """An Envoy that does not know the token is told so, and its clients get 503."""
    async with AdapterInProcess(APIS, token=TOKEN) as adapter:
        config = config_for(upstream, adapter.address, token="wrong")
        async with Envoy(binary, config, tmp_path) as envoy:
            assert (await request(envoy.address, "open.test")).status == 503
        assert {code for _, code in adapter.observed.failed} == {16}
        assert adapter.observed.decisions == []


async def test_trusted_hops(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """Behind a trusted proxy, the client is whom that proxy names, not whom the client does."""
    async with AdapterInProcess(APIS, token=TOKEN) as adapter:
        config = config_for(upstream, adapter.address, trusted_hops=1)
        async with Envoy(binary, config, tmp_path) as envoy:
            headers = (("x-forwarded-for", "9.9.9.9, 8.8.8.8"),)
            answer = await request(envoy.address, "address.test", headers=headers)
            assert answer.upstream_saw("x-seen-address") == ["8.8.8.8"]
