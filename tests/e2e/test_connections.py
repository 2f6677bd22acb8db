"""How Envoy reaches the adapter, and what happens when it does not."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from adapter.envoy_config import AdapterTls
from adapter.policy.decision import Allowed, Denied
from adapter.transport.http2.tls import server_context
from support.upstream import Upstream
from tests.e2e.conftest import APIS, TOKEN, config_for, manager_and_filter
from tests.rig.adapters import TRANSPORTS, AdapterInProcess, Transport
from tests.rig.certificates import Authority
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

on_both_transports = pytest.mark.parametrize("transport", TRANSPORTS)


@on_both_transports
async def test_unix_sockets(
    binary: Path, upstream: Upstream, tmp_path: Path, transport: Transport
) -> None:
    """Two adapters on Unix sockets, one of them abstract, share the requests."""
    file, abstract = f"unix:{tmp_path}/adapter.sock", f"unix-abstract:adapter-{uuid.uuid4()}"
    async with (
        AdapterInProcess(APIS, file, transport=transport, token=TOKEN) as one,
        AdapterInProcess(APIS, abstract, transport=transport, token=TOKEN) as other,
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


@on_both_transports
async def test_adapter_dies(
    binary: Path, upstream: Upstream, tmp_path: Path, transport: Transport
) -> None:
    """Where one of two adapters dies without a word, Envoy asks the other."""
    async with (
        AdapterInProcess(APIS, transport=transport, token=TOKEN) as one,
        AdapterInProcess(APIS, transport=transport, token=TOKEN) as other,
        Envoy(binary, config_for(upstream, one.address, other.address), tmp_path) as envoy,
    ):
        await one.server.drain_and_stop()
        for _ in range(8):
            assert (await request(envoy.address, "open.test")).status == 200
        assert len(one.observed.decisions) == 0


@on_both_transports
async def test_tcp(binary: Path, upstream: Upstream, tmp_path: Path, transport: Transport) -> None:
    """A Check of a TCP connection has no HTTP part: the connection is refused, nothing breaks."""
    async with AdapterInProcess(APIS, transport=transport, token=TOKEN) as adapter:
        config = yaml.safe_load(config_for(upstream, adapter.address))
        config["static_resources"]["listeners"].append(_tcp_listener(upstream))
        async with Envoy(binary, yaml.safe_dump(config), tmp_path) as envoy:
            host, _, port = envoy.listeners["tcp"].rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            assert await asyncio.wait_for(_rest_of(reader), 20) == b""
            writer.close()
            assert (await request(envoy.address, "open.test")).status == 200
        assert [type(decision) for decision in adapter.observed.decisions] == [Denied, Allowed]


async def _rest_of(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


def _tcp_listener(upstream: Upstream) -> dict[str, Any]:
    """A TCP proxy to the upstream, behind the network filter."""
    network = "type.googleapis.com/envoy.extensions.filters.network"
    ext_authz = {
        "@type": f"{network}.ext_authz.v3.ExtAuthz",
        "stat_prefix": "tcp",
        "transport_api_version": "V3",
        "grpc_service": {
            "envoy_grpc": {"cluster_name": "adapter"},
            "initial_metadata": [{"key": "x-adapter-token", "value": TOKEN}],
        },
    }
    proxy = {
        "@type": f"{network}.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "tcp",
        "cluster": f"upstream_{upstream.http_address}",
    }
    filters = [
        {"name": "envoy.filters.network.ext_authz", "typed_config": ext_authz},
        {"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy},
    ]
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"name": "tcp", "address": address, "filter_chains": [{"filters": filters}]}


@on_both_transports
async def test_wrong_token(
    binary: Path, upstream: Upstream, tmp_path: Path, transport: Transport
) -> None:
    """An Envoy that does not know the token is told so, and its clients get 503."""
    async with AdapterInProcess(APIS, transport=transport, token=TOKEN) as adapter:
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


@on_both_transports
async def test_large_requests(
    binary: Path, upstream: Upstream, tmp_path: Path, transport: Transport
) -> None:
    """Where Envoy sends bodies and 100 KB of headers along, Checks are decided as ever."""
    async with AdapterInProcess(APIS, transport=transport, token=TOKEN) as adapter:
        config = yaml.safe_load(config_for(upstream, adapter.address))
        manager, ext_authz = manager_and_filter(config)
        manager["max_request_headers_kb"] = 200
        ext_authz["with_request_body"] = {
            "max_request_bytes": 500_000,
            "allow_partial_message": True,
            "pack_as_bytes": True,
        }
        async with Envoy(binary, yaml.safe_dump(config), tmp_path) as envoy:
            headers = [(f"x-{n}", "x" * 10_000) for n in range(10)]
            refused = await request(envoy.address, "secured.test", headers=headers)
            assert refused.header("x-adapter-reason") == "credentials_missing"
            async with httpx.AsyncClient(trust_env=False) as client:
                host = {"host": "open.test"}
                answer = await client.post(envoy.url, headers=host, content=bytes(800_000))
                assert answer.json()["body_bytes"] == 800_000
        assert [type(decision) for decision in adapter.observed.decisions] == [Denied, Allowed]
        assert adapter.observed.failed == []


@pytest.mark.parametrize(("known", "status"), [(True, 200), (False, 503)])
async def test_tls(
    binary: Path, upstream: Upstream, tmp_path: Path, *, known: bool, status: int
) -> None:
    """Envoy and adapter show each other their certificates; a stranger's Envoy gets no answer."""
    authority = Authority(tmp_path)
    own, envoys = authority.issue("adapter"), authority.issue("envoy")
    context = server_context(own.certificate, own.key, authority.certificate)
    shown = AdapterTls(str(authority.certificate), str(envoys.certificate), str(envoys.key))
    tls = shown if known else AdapterTls(str(authority.certificate))
    async with AdapterInProcess(APIS, tls=context, token=TOKEN) as adapter:
        config = config_for(upstream, adapter.address, adapter_tls=tls)
        async with Envoy(binary, config, tmp_path / "envoy") as envoy:
            assert (await request(envoy.address, "open.test")).status == status
        assert len(adapter.observed.decisions) == known


async def test_a_certificate_for_another_address(
    binary: Path, upstream: Upstream, tmp_path: Path
) -> None:
    """Being signed is not enough: it has to be that adapter's."""
    authority = Authority(tmp_path)
    own = authority.issue("adapter")
    tls = AdapterTls(str(authority.certificate))
    async with AdapterInProcess(APIS, tls=server_context(*own), token=TOKEN) as adapter:
        by_name = adapter.address.replace("127.0.0.1", "localhost")
        config = config_for(upstream, by_name, adapter_tls=tls)
        async with Envoy(binary, config, tmp_path / "envoy") as envoy:
            assert (await request(envoy.address, "open.test")).status == 503
        assert adapter.observed.decisions == []
