"""Requests that a service could read otherwise than a rule, through a real Envoy."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from adapter.policy.catalog import Pointcut
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api, applied
from tests.e2e.conftest import Gateway
from tests.rig import raw_http2
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLOSED_PATHS = r"/users/@me|/v1/items:batch|/odata/Products\(1\)|/caf%C3%A9|/a\+b"
APIS = (
    api("rest"),
    api("shop"),
    api("orders", [applied("access-block")]),
    api("paths", [applied("access-block", pointcuts=(Pointcut(".*", CLOSED_PATHS),))]),
    api("methods", [applied("access-block", pointcuts=(Pointcut("DELETE", ".*"),))]),
    api(
        "trace",
        [
            applied(
                "credential-injection-basic-auth", {"username": "gateway", "password": "hunter2"}
            )
        ],
    ),
)
PLACES = {
    "rest": ("*", "/"),
    "shop": ("shop.test", "/"),
    "orders": ("shop.test", "/orders"),
    "paths": ("paths.test", "/"),
    "methods": ("methods.test", "/"),
    "trace": ("trace.test", "/"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """Several APIs behind one Envoy, two of them on one domain, one for all other domains."""
    async with AdapterInProcess(APIS) as adapter:
        config = envoy_config(
            apis=tuple(
                ApiRoute(api_id, upstream.http_address, (domain,), prefix)
                for api_id, (domain, prefix) in PLACES.items()
            ),
            adapters=(adapter.address,),
            check_timeout_s=5,
            health_interval_s=0.2,
        )
        directory = tmp_path_factory.mktemp("envoy")
        async with Envoy(binary, render(config), directory) as envoy:
            yield Gateway(envoy, adapter, upstream)


def outcome(answer: Answer) -> tuple[int, str | None]:
    """The status, and why it was refused."""
    return answer.status, answer.header("x-adapter-reason")


async def over_http2(gateway: Gateway, host: str, method: str) -> tuple[str | None, str | None]:
    """The same for a method that HTTP/1 would not carry."""
    fields = [(":method", method), (":scheme", "http"), (":authority", host), (":path", "/")]
    answer = await raw_http2.request(gateway.address, fields)
    return answer.fields.get(":status"), answer.fields.get("x-adapter-reason")


@pytest.mark.parametrize(
    "path",
    [
        "/users/%40me",
        "/v1/items%3Abatch",
        "/v1/items%3abatch",
        "/odata/Products%281%29",
        "/caf%c3%a9",
        "/a%2Bb",
        "/users/%2540me",
        "/caf%C3%A9%01",
        "/caf%E9",
        "/a%C0%AFb",
    ],
)
async def test_an_encoding_that_changes_nothing_is_no_way_around_a_rule(
    gateway: Gateway, path: str
) -> None:
    """The service would decode it and serve what is blocked."""
    requests = gateway.upstream.requests
    assert outcome(await request(gateway.address, "paths.test", path)) == (400, "ambiguous_path")
    assert gateway.upstream.requests == requests


@pytest.mark.parametrize("path", ["/users/@me", "/v1/items:batch", "/caf%C3%A9", "/a+b"])
async def test_the_one_spelling_meets_the_rule(gateway: Gateway, path: str) -> None:
    """And others pass."""
    assert outcome(await request(gateway.address, "paths.test", path)) == (403, "access_blocked")
    served = await request(gateway.address, "paths.test", "/users/@you/my%20file/%E6%97%A5")
    assert served.status == 200


async def test_a_path_too_long_for_patterns_is_refused(gateway: Gateway) -> None:
    """Every pattern would read it all."""
    answer = await request(gateway.address, "paths.test", "/" + "a" * 5_000)
    assert outcome(answer) == (414, "malformed_request")


@pytest.mark.parametrize(
    "path",
    ["/orders;x/1", "/;/orders/1", "/orders%20/1", "/x/%252e%252e/orders/1"],
)
async def test_a_second_reading_of_the_path_is_no_way_into_another_api(
    gateway: Gateway, path: str
) -> None:
    """Envoy would give it to the open API, and some services serve /orders/1."""
    requests = gateway.upstream.requests
    assert outcome(await request(gateway.address, "shop.test", path)) == (400, "ambiguous_path")
    assert gateway.upstream.requests == requests


async def test_each_prefix_leads_to_its_api(gateway: Gateway) -> None:
    """A path with one reading goes on as before, and where only the host decides, any path."""
    blocked = await request(gateway.address, "shop.test", "/orders/1")
    assert outcome(blocked) == (403, "access_blocked")
    for host, path, api_id in (
        ("shop.test", "/ordersX/1?q=%40;x", "shop"),
        ("elsewhere.test", "/orders;x/1", "rest"),
    ):
        answer = await request(gateway.address, host, path)
        assert answer.upstream_saw("x-adapter-api-id") == [api_id]


@pytest.mark.parametrize("host", ["shop.test.", "SHOP.Test.", "shop.test.:80", "shop.test.:{port}"])
async def test_a_dot_after_the_host_leads_to_the_same_api(gateway: Gateway, host: str) -> None:
    """It names the same host (RFC 1034, 3.1), not one of all others."""
    host = host.format(port=gateway.address.rpartition(":")[2])
    answer = await request(gateway.address, host)
    assert answer.upstream_saw("x-adapter-api-id") == ["shop"]
    blocked = await request(gateway.address, host, "/orders/1")
    assert outcome(blocked) == (403, "access_blocked")


@pytest.mark.parametrize("method", ["delete", "Delete", "dELETE", "purge"])
async def test_the_case_of_a_method_is_no_way_around_a_rule(gateway: Gateway, method: str) -> None:
    """Envoy forwards the letters of an HTTP/2 request as they are."""
    requests = gateway.upstream.requests
    assert await over_http2(gateway, "methods.test", method) == ("400", "ambiguous_method")
    assert gateway.upstream.requests == requests


async def test_methods_in_capitals_meet_the_rule_or_pass(gateway: Gateway) -> None:
    """Over HTTP/2, too; and a second method in a header is refused."""
    assert await over_http2(gateway, "methods.test", "DELETE") == ("403", "access_blocked")
    assert await over_http2(gateway, "methods.test", "GET") == ("200", None)
    for name in ("x-http-method-override", "X_HTTP_Method_Override"):
        answer = await request(
            gateway.address, "methods.test", "/", [(name, "DELETE")], method="POST"
        )
        assert outcome(answer) == (400, "ambiguous_method")


async def test_trace_does_not_show_injected_credentials(gateway: Gateway) -> None:
    """In any letter case; where nothing is injected it passes."""
    requests = gateway.upstream.requests
    traced = await request(gateway.address, "trace.test", method="TRACE")
    assert outcome(traced) == (403, "method_refused")
    assert await over_http2(gateway, "trace.test", "trace") == ("403", "method_refused")
    assert await over_http2(gateway, "trace.test", "TRACE") == ("403", "method_refused")
    for name in ("x-http-method-override", "X-HTTP-Method", "x-method-override"):
        headers = [(name, "TRACE")]
        answer = await request(gateway.address, "trace.test", "/", headers, method="POST")
        assert outcome(answer) == (403, "method_refused")
    assert gateway.upstream.requests == requests
    assert await over_http2(gateway, "elsewhere.test", "GET") == ("200", None)
