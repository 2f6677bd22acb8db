"""Hosts that a service could read as another API's host, through a real Envoy."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api, applied
from tests.e2e.conftest import Gateway
from tests.rig import raw_http2
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTS = (
    "shop.test..",
    "shop.test..:80",
    "shop.test...",
    "..shop.test",
    ".shop.test",
    "shop..test",
    "x@shop.test",
    "shop.test@x",
    "shop.test%2e",
    "shop%2etest",
    "shop.test,other",
    "other,shop.test",
    "shop.test:80:80",
    "shop.test:",
    "shop.test:99999999999",
    "shop.test:http",
    "shop.test/",
    "shop.test;x",
    "[2001:db8:0::1]",
    "[::ffff:192.0.2.1]",
    "192.0.2.01",
    "0xc0000201",
    "192.0.513",
)
"""Envoy routes each of them to the API for all other hosts, or refuses it itself."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """A blocked API on some domains, and an open one on all others."""
    blocked = ("shop.test", "[2001:db8::1]", "192.0.2.1")
    apis = (api("catch"), api("orders", [applied("access-block")]))
    async with AdapterInProcess(apis) as adapter:
        config = envoy_config(
            apis=(
                ApiRoute("catch", upstream.http_address),
                ApiRoute("orders", upstream.http_address, blocked),
            ),
            adapters=(adapter.address,),
            check_timeout_s=5,
            health_interval_s=0.2,
        )
        directory = tmp_path_factory.mktemp("envoy")
        async with Envoy(binary, render(config), directory) as envoy:
            yield Gateway(envoy, adapter, upstream)


def is_refused(answer: Answer) -> bool:
    """Whether the adapter refused the host, or Envoy did before it asked."""
    reason = answer.header("x-adapter-reason")
    return answer.status == 400 and reason in {None, "ambiguous_host"}


@pytest.mark.parametrize("host", HOSTS)
async def test_an_ambiguous_host_is_no_way_into_another_api(gateway: Gateway, host: str) -> None:
    """In the Host header, as an absolute URI, and as an HTTP/2 authority."""
    requests = gateway.upstream.requests
    assert is_refused(await request(gateway.address, host))
    if not set("@/") & set(host):  # in a URI, these are no part of the host
        assert is_refused(await request(gateway.address, "other.test", f"http://{host}/"))
    fields = [(":method", "GET"), (":scheme", "http"), (":authority", host), (":path", "/")]
    over_http2 = await raw_http2.request(gateway.address, fields)
    assert over_http2.fields.get(":status") in {None, "400"}
    assert gateway.upstream.requests == requests


@pytest.mark.parametrize("host", ["shop.test..", "shop.test,other", "shop.test:"])
async def test_the_client_is_told_why(gateway: Gateway, host: str) -> None:
    """By a stable code."""
    fields = [(":method", "GET"), (":scheme", "http"), (":authority", host), (":path", "/")]
    answer = await raw_http2.request(gateway.address, fields)
    assert answer.fields.get("x-adapter-reason") == "ambiguous_host"


async def test_the_user_in_a_uri_is_not_part_of_the_host(gateway: Gateway) -> None:
    """Envoy drops it."""
    answer = await request(gateway.address, "other.test", "http://x@shop.test/")
    assert answer.header("x-adapter-reason") == "access_blocked"


@pytest.mark.parametrize(
    "host",
    ["shop.test", "SHOP.test", "shop.test.", "shop.test:80", "[2001:DB8::1]", "192.0.2.1:80"],
)
async def test_a_host_with_one_reading_meets_the_rule(gateway: Gateway, host: str) -> None:
    """Letter case, one dot at the end and a port do not matter."""
    answer = await request(gateway.address, host)
    assert (answer.status, answer.header("x-adapter-reason")) == (403, "access_blocked")


@pytest.mark.parametrize(
    "host", ["other.test", "x_y.other-1.test:8443", "localhost", "[2001:db8::2]:80", "192.0.2.2"]
)
async def test_other_hosts_reach_the_api_for_all_others(gateway: Gateway, host: str) -> None:
    """They are names and addresses as clients write them."""
    answer = await request(gateway.address, host)
    assert answer.upstream_saw("x-adapter-api-id") == ["catch"]
