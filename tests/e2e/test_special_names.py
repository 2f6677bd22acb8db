"""Headers that mean something to Envoy: a policy does with them what it says, or is refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from adapter.policy.policies.shared.header_values import is_protected
from adapter.policy.snapshot import Api
from support.defaults import envoy_config
from tests.builders import api, applied
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN
from tests.rig import raw_http, raw_http2
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_upstream import ANSWER_WITH, raw_upstream, seen_by_upstream

pytestmark = pytest.mark.asyncio(loop_scope="session")

_LIST = """
:authority :method :path :protocol :scheme :status host
connection keep-alive proxy-connection te trailer transfer-encoding upgrade http2-settings
proxy-authorization proxy-authenticate proxy-authentication-info proxy-status
authorization www-authenticate expect cookie set-cookie server via date alt-svc forwarded
content-length content-type content-encoding content-language content-md5 content-disposition
x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-forwarded-client-cert
x-request-id x-client-trace-id traceparent tracestate x-b3-traceid x-ot-span-context
grpc-status grpc-message grpc-timeout grpc-encoding grpc-accept-encoding
accept accept-encoding user-agent referer origin range if-match cache-control age etag location
x-envoy-attempt-count x-envoy-auth-partial-body x-envoy-decorator-operation x-envoy-degraded
x-envoy-downstream-service-cluster x-envoy-downstream-service-node
x-envoy-expected-rq-timeout-ms x-envoy-external-address x-envoy-force-trace
x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags x-envoy-is-timeout-retry
x-envoy-max-retries x-envoy-original-dst-host x-envoy-original-host x-envoy-original-path
x-envoy-overloaded x-envoy-peer-metadata x-envoy-ratelimited
x-envoy-retriable-header-names x-envoy-retriable-status-codes x-envoy-retry-grpc-on
x-envoy-retry-on x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-per-try-timeout-ms
x-envoy-upstream-rq-timeout-alt-response x-envoy-upstream-rq-timeout-ms
x-envoy-upstream-service-time x-envoy-upstream-stream-duration-ms
x-adapter-api-id x-adapter-client-address x-adapter-client-id x-adapter-client-name
x-adapter-contract-id x-adapter-principal x-adapter-reason x-adapter-sla-tier x-adapter-other
x_adapter_client_id early-data priority method-override x-http-method-override
sec-websocket-key sec-websocket-accept strict-transport-security x-ordinary
"""
NAMES = _LIST.split()

FRAMING = {"connection", "content-length", "host", "transfer-encoding"}
"""Headers that a request cannot have twice, or with any value."""
HOP_BY_HOP = {"keep-alive", "proxy-connection", "te", "upgrade"}
"""Headers that no HTTP/2 request has (RFC 9113, 8.2.2), and Envoy drops from others."""


def removing(name: str) -> Api:
    """An API whose requests lose that header."""
    return api(
        f"remove-{NAMES.index(name)}", [applied("header-removal", {"inboundHeaders": [name]})]
    )


def injecting(name: str) -> Api:
    """An API whose requests get that header, alone."""
    header = {"inboundHeaders": [{"key": name, "value": "ours"}]}
    return api(f"inject-{NAMES.index(name)}", [applied("header-injection", header)])


def answering(name: str) -> Api:
    """An API whose responses get that header."""
    header = {"outboundHeaders": [{"key": name, "value": "ours"}]}
    return api(f"answer-{NAMES.index(name)}", [applied("header-injection", header)])


def refusing(name: str) -> Api:
    """An API that answers with that header, though a later policy refuses the request."""
    header = {"outboundHeaders": [{"key": name, "value": "ours"}]}
    policies = [applied("header-injection", header, order=1), applied("access-block", order=2)]
    return api(f"refuse-{NAMES.index(name)}", policies)


def with_credentials(name: str) -> Api:
    """An API whose requests get the gateway's credentials there."""
    configuration = {"username": "u", "password": "p", "customHeader": name}
    policy = applied("credential-injection-basic-auth", configuration)
    return api(f"credentials-{NAMES.index(name)}", [policy])


POLICIES: tuple[Callable[[str], Api], ...] = (
    removing,
    injecting,
    answering,
    refusing,
    with_credentials,
)

Ask = Callable[[Api, tuple[tuple[str, str], ...]], Awaitable[tuple[dict[str, str], bytes]]]


@dataclass(frozen=True, slots=True)
class Gateway:
    """An Envoy, and the APIs behind it that are not closed."""

    address: str
    open: dict[str, Api]

    async def over_http1(
        self, asked: Api, headers: tuple[tuple[str, str], ...]
    ) -> tuple[dict[str, str], bytes]:
        """The response's headers, repeated ones joined, and the request's head upstream."""
        host = f"{asked.instance.api_id}.test"
        answer = await raw_http.request(self.address, host, headers=headers)
        assert answer.status in {200, 403}, (asked.policies, answer)
        return {name: str(answer.header(name)) for name, _ in answer.headers}, answer.body

    async def over_http2(
        self, asked: Api, headers: tuple[tuple[str, str], ...]
    ) -> tuple[dict[str, str], bytes]:
        """The same with the other protocol; of repeated headers the last."""
        pseudo = [(":method", "GET"), (":scheme", "http"), (":path", "/")]
        authority = (":authority", f"{asked.instance.api_id}.test")
        outcome = await raw_http2.request(self.address, [*pseudo, authority, *headers])
        assert outcome.fields.get(":status") in {"200", "403"}, (asked.policies, outcome)
        return outcome.fields, outcome.body


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """One Envoy before all APIs that can be open."""
    apis = [policy(name) for policy in POLICIES for name in NAMES]
    opened = {a.instance.api_id: a for a in apis if not a.faults}
    async with (
        raw_upstream() as upstream,
        AdapterInProcess(opened.values(), token=TOKEN) as adapter,
    ):
        config = envoy_config(
            apis=tuple(ApiRoute(api_id, upstream, (f"{api_id}.test",)) for api_id in opened),
            adapters=(adapter.address,),
            **QUICK_AND_PATIENT,
        )
        async with Envoy(binary, render(config), tmp_path_factory.mktemp("envoy")) as envoy:
            yield Gateway(envoy.address, opened)


async def all_of(checks: list[Awaitable[None]]) -> None:
    """Run them, a few at once."""
    slots = asyncio.Semaphore(8)

    async def one(check: Awaitable[None]) -> None:
        async with slots:
            await check

    await asyncio.gather(*map(one, checks))


PSEUDO = {name for name in NAMES if name.startswith(":")}
OWN = {name for name in NAMES if name.replace("_", "-").startswith("x-adapter-")} - {
    "x-adapter-other"
}
CONNECTION = {*HOP_BY_HOP, *FRAMING, "trailer"}
ROUTER = {
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-max-retries",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
}
REFUSED: dict[Callable[[str], Api], set[str]] = {
    removing: {"upgrade", "x-envoy-expected-rq-timeout-ms"},
    injecting: PSEUDO | OWN | CONNECTION | ROUTER,
    answering: PSEUDO | OWN | CONNECTION | {"server"},
    refusing: PSEUDO | OWN | CONNECTION | {"server"},
    with_credentials: PSEUDO | OWN | CONNECTION | ROUTER,
}


@pytest.mark.parametrize("policy", POLICIES)
async def test_what_envoy_would_not_do_is_refused_with_its_name(
    policy: Callable[[str], Api],
) -> None:
    """An admin learns of it when the policy is applied, not from requests that went wrong."""
    faults = {name: policy(name).faults for name in NAMES}
    assert {name for name, found in faults.items() if found} == REFUSED[policy]
    for name in REFUSED[policy] - PSEUDO:
        assert name in faults[name][0]


@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
async def test_a_removed_header_reaches_no_upstream(gateway: Gateway, http2: bool) -> None:
    """Whatever it means to Envoy; what is protected stays."""
    ask: Ask = gateway.over_http2 if http2 else gateway.over_http1

    async def check(name: str) -> None:
        value = "trailers" if name == "te" else "theirs"
        _, head = await ask(removing(name), ((name, value),))
        kept = [b"theirs"] if is_protected(name) else []
        assert seen_by_upstream(head, name) == kept, name

    skipped = PSEUDO | FRAMING | REFUSED[removing] | (HOP_BY_HOP - {"te"} if http2 else set())
    await all_of([check(name) for name in NAMES if name not in skipped])


@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
async def test_an_injected_header_reaches_the_upstream(gateway: Gateway, http2: bool) -> None:
    """With the policy's value, whether the client sent one or not."""
    ask: Ask = gateway.over_http2 if http2 else gateway.over_http1

    async def check(name: str) -> None:
        _, head = await ask(injecting(name), ())
        assert seen_by_upstream(head, name)[-1].split(b",")[-1] == b"ours", name
        _, head = await ask(with_credentials(name), ((name, "theirs"),))
        assert seen_by_upstream(head, name) == [b"Basic dTpw"], name

    await all_of([check(name) for name in NAMES if name not in REFUSED[injecting]])


@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
async def test_an_injected_response_header_reaches_the_client(
    gateway: Gateway, http2: bool
) -> None:
    """Whether the upstream sends one or not."""
    ask: Ask = gateway.over_http2 if http2 else gateway.over_http1

    async def check(name: str) -> None:
        for headers in ((), ((ANSWER_WITH.decode(), name),)):
            answered, _ = await ask(answering(name), headers)
            assert answered.get(name, "").endswith("ours"), (name, answered)

    await all_of([check(name) for name in NAMES if name not in REFUSED[answering]])


@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
async def test_an_injected_response_header_reaches_a_client_that_is_refused(
    gateway: Gateway, http2: bool
) -> None:
    """A denial has one header of its own among them."""
    ask: Ask = gateway.over_http2 if http2 else gateway.over_http1

    async def check(name: str) -> None:
        answered, _ = await ask(refusing(name), ())
        assert answered.get(name, "").endswith("ours"), (name, answered)

    own = {"content-type"}
    await all_of([check(name) for name in NAMES if name not in REFUSED[refusing] | own])
