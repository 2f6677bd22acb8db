"""Services that a real Envoy reaches by TLS, or by another path than clients."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from cryptography import x509

from adapter.cli.api_option import read_api
from adapter.envoy_config import render
from adapter.policy.catalog import Pointcut
from support.defaults import envoy_config
from support.upstream import ECHO, Upstream
from tests.builders import api, applied
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN
from tests.rig.adapters import AdapterInProcess, CollectedLogs
from tests.rig.certificates import Authority
from tests.rig.envoy import Envoy
from tests.rig.events import event_of
from tests.rig.polling import until
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

API = api("1", [applied("access-block", pointcuts=(Pointcut(".*", "/orders/secret"),))])


@dataclass(frozen=True, slots=True)
class Secured:
    """An Envoy in front of services with TLS, and of one without."""

    envoy: Envoy
    logs: CollectedLogs
    named: Upstream
    """Its certificate is for `localhost` alone."""
    stranger: Upstream
    """Its certificate is of another authority."""

    async def ask(self, host: str, path: str = "/") -> Answer:
        """The answer to a client that calls itself after its request."""
        return await request(self.envoy.address, host, path, [("user-agent", f"{host}{path}")])

    async def failed_handshakes(self, service: Upstream, cause: str) -> int:
        """How often Envoy broke off a TLS handshake with this service for this cause."""
        cluster = service.http_address.replace(":", "_")
        return await self.envoy.stat(f"cluster.upstream_tls_{cluster}.ssl.{cause}")

    async def event(self, host: str, path: str) -> dict[str, object]:
        """The event of that request."""

        def found() -> list[dict[str, object]]:
            events = map(event_of, self.logs.entries())
            return [event for event in events if event["user_agent"] == f"{host}{path}"]

        await until(lambda: bool(found()))
        return found()[-1]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def secured(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Secured]:
    """Each service on a domain of its own."""
    ours, other = (Authority(tmp_path_factory.mktemp(name)) for name in ("ours", "other"))
    named = Upstream(tls=ours.issue("named", [x509.DNSName("localhost")]))
    numbered = Upstream(tls=ours.issue("numbered"))
    stranger = Upstream(tls=other.issue("stranger"))
    services = (named, numbered, stranger)
    for service in services:
        await service.start()
    name = named.http_address.replace("127.0.0.1", "localhost")
    name_of_grpc = named.grpc_address.replace("127.0.0.1", "localhost")
    routes = (
        f"1@named.test/orders=https://{name}/internal/orders",
        f"1@grpc.test=grpcs://{name_of_grpc}",
        f"1@numbered.test=https://{numbered.http_address}",
        f"1@other-name.test=https://{named.http_address}",
        f"1@stranger.test=https://{stranger.http_address}",
        f"1@stripped.test/orders=http://{upstream.http_address}",
        f"1@added.test/=http://{upstream.http_address}/shop",
        f"1@replaced.test/orders=http://{upstream.http_address}/internal/orders",
        f"1@kept.test=http://{upstream.http_address}/orders",
    )
    logs = CollectedLogs()
    async with AdapterInProcess([API], token=TOKEN, logs=logs) as adapter:
        config = envoy_config(
            [read_api(text) for text in routes],
            [adapter.address],
            upstream_ca_file=str(ours.certificate),
            rewrite_host=True,
            **{**QUICK_AND_PATIENT, "log_flush_s": 0.02},
        )
        async with Envoy(binary, render(config), tmp_path_factory.mktemp("envoy"), 1) as envoy:
            yield Secured(envoy, logs, named, stranger)
    for service in services:
        await service.stop()


async def test_a_service_is_asked_for_by_name(secured: Secured) -> None:
    """In the TLS handshake, and in the host; its certificate is for this name."""
    answer = await secured.ask("named.test", "/orders/1")
    assert (answer.status, answer.json()["path"]) == (200, "/internal/orders/1")
    assert secured.named.server_names[-1] == "localhost"
    port = secured.named.http_address.rpartition(":")[2]
    assert answer.upstream_saw("host") == [f"localhost:{port}"]


async def test_a_service_may_have_an_address(secured: Secured) -> None:
    """Its certificate is for this address."""
    assert (await secured.ask("numbered.test")).status == 200


async def test_a_grpc_service_may_have_tls(secured: Secured) -> None:
    """The service shows its certificate over HTTP/2."""
    options = [("grpc.default_authority", "grpc.test")]
    async with grpc.aio.insecure_channel(secured.envoy.address, options) as channel:
        echo: Callable[..., Awaitable[bytes]] = channel.unary_unary(ECHO)
        told = dict(json.loads(await echo(b"")))
    assert told["x-forwarded-proto"] == "http"


async def test_a_certificate_for_another_name_is_refused(secured: Secured) -> None:
    """Although its CA is ours."""
    answer = await secured.ask("other-name.test")
    assert (answer.status, answer.header("x-adapter-reason")) == (503, None)
    assert await secured.failed_handshakes(secured.named, "fail_verify_san") > 0


async def test_a_certificate_of_another_authority_is_refused(secured: Secured) -> None:
    """Although it is for the right address."""
    answer = await secured.ask("stranger.test")
    assert (answer.status, answer.header("x-adapter-reason")) == (503, None)
    assert await secured.failed_handshakes(secured.stranger, "fail_verify_error") > 0


@pytest.mark.parametrize(
    ("host", "sent", "received"),
    [
        ("replaced.test", "/orders/1?x=/orders", "/internal/orders/1?x=/orders"),
        ("replaced.test", "/orders", "/internal/orders"),
        ("replaced.test", "/orders/", "/internal/orders/"),
        ("stripped.test", "/orders/1?x=1", "/1?x=1"),
        ("stripped.test", "/orders", "/"),
        ("stripped.test", "/orders/", "/"),
        ("stripped.test", "/orders?x", "/?x"),
        ("stripped.test", "/orders/orders/1", "/orders/1"),
        ("added.test", "/1", "/shop/1"),
        ("added.test", "/", "/shop/"),
        ("kept.test", "/orders/1", "/orders/1"),
    ],
)
async def test_the_service_receives_its_own_path(
    secured: Secured, host: str, sent: str, received: str
) -> None:
    """And the event has the path that the client sent."""
    answer = await secured.ask(host, sent)
    assert (answer.status, answer.json()["path"]) == (200, received)
    assert (await secured.event(host, sent))["path"] == sent.partition("?")[0]


@pytest.mark.parametrize("host", ["replaced.test", "stripped.test", "kept.test"])
async def test_policies_see_the_path_of_the_client(secured: Secured, host: str) -> None:
    """A pointcut is written for the public path, and its event has this path too."""
    answer = await secured.ask(host, "/orders/secret")
    assert (answer.status, answer.header("x-adapter-reason")) == (403, "access_blocked")
    assert (await secured.event(host, "/orders/secret"))["path"] == "/orders/secret"


@pytest.mark.parametrize("path", ["/..;/admin", "/x;/../../admin", "/%2e%2e;/admin"])
async def test_no_path_leaves_the_prefix_of_the_service(secured: Secured, path: str) -> None:
    """`/shop` of the service is public, and nothing else, however the service reads a path."""
    answer = await secured.ask("added.test", path)
    assert answer.status == 400 or answer.json()["path"].startswith("/shop/admin")


@pytest.mark.parametrize("host", ["stripped.test", "replaced.test"])
@pytest.mark.parametrize("path", ["/ordersx", "/", "/Orders/1"])
async def test_other_paths_are_not_served(secured: Secured, host: str, path: str) -> None:
    """A prefix is whole segments, in its own letter case."""
    assert (await secured.ask(host, path)).status == 404
