"""Every policy through a real Envoy: what clients and upstreams get of it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from adapter.policy.catalog import RateLimit
from adapter.policy.compile import POLICY_TYPES
from adapter.policy.decision import Answered
from adapter.runtime.clock import SystemClock
from support.defaults import envoy_config, memory_quotas
from support.upstream import Upstream
from tests.builders import api
from tests.e2e import test_identity_policies, test_introspection_policies
from tests.e2e.conftest import Gateway
from tests.e2e.policy_chains import CHAINS, CONTRACTS, GOLD, HOUR_MS, SHOP
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

CREDENTIALS = (("client_id", "client-1"), ("client_secret", "secret"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """All chains behind one Envoy, each on a domain of its own."""
    apis = [api(name, chain, CONTRACTS, [GOLD]) for name, chain in CHAINS.items()]
    async with AdapterInProcess(apis, quotas=memory_quotas(SystemClock())) as adapter:
        config = envoy_config(
            apis=tuple(ApiRoute(name, upstream.http_address, (f"{name}.test",)) for name in CHAINS),
            adapters=(adapter.address,),
            check_timeout_s=5,
            health_interval_s=0.2,
        )
        directory = tmp_path_factory.mktemp("envoy")
        async with Envoy(binary, render(config), directory) as envoy:
            yield Gateway(envoy, adapter, upstream)


async def ask(
    gateway: Gateway,
    name: str,
    *headers: tuple[str, str | bytes],
    path: str = "/",
    method: str = "GET",
) -> Answer:
    """One request to an API."""
    return await request(gateway.address, f"{name}.test", path, headers, method=method)


async def preflight(
    gateway: Gateway, name: str, origin: str = SHOP, *headers: tuple[str, str]
) -> Answer:
    """What a browser asks first."""
    asked = (("origin", origin), ("access-control-request-method", "PUT"))
    return await ask(gateway, name, *asked, *headers, method="OPTIONS")


def values(answer: Answer, name: str) -> list[str]:
    """The values of a response header, each on its own."""
    return [value for key, value in answer.headers if key == name]


async def test_no_policy_is_left_out() -> None:
    """Whatever can be enforced has been through a real Envoy."""
    others = (test_identity_policies.CHAINS, test_introspection_policies.CHAINS)
    chains = (*CHAINS.values(), *(chain for each in others for chain in each.values()))
    assert {p.policy_type for chain in chains for p in chain} == set(POLICY_TYPES)


async def test_rate_limiting(gateway: Gateway) -> None:
    """The third of two is refused, and clients can see it coming."""
    answers = [await ask(gateway, "limited") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.header("x-ratelimit-remaining") for answer in answers] == ["1", "0", "0"]
    assert {answer.header("x-ratelimit-limit") for answer in answers} == {"2"}
    assert answers[2].json() == {"error": "Quota has been exceeded"}
    assert answers[2].header("retry-after") is not None


async def test_the_strictest_of_several_limits_is_told(gateway: Gateway) -> None:
    """Of those that apply to the request."""
    get, post = [await ask(gateway, "two-limits", method=method) for method in ("GET", "POST")]
    assert (get.header("x-ratelimit-limit"), post.header("x-ratelimit-limit")) == ("9", "3")


async def test_rate_limiting_sla_based(gateway: Gateway) -> None:
    """A client has what its tier promises."""
    client = ("client_id", "client-1")
    answers = [await ask(gateway, "tiers", client) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[0].upstream_saw("x-adapter-sla-tier") == ["Gold"]
    assert (await ask(gateway, "tiers")).status == 401


async def test_an_edited_tier_starts_a_new_window(gateway: Gateway) -> None:
    """A client that used up the old limit can use the new one at once."""
    client = ("client_id", "client-1")
    used_up = [(await ask(gateway, "edited", client)).status for _ in range(3)]
    assert used_up == [200, 200, 429]
    better = replace(GOLD, limits=(RateLimit(3, HOUR_MS),))
    gateway.adapter.snapshots.publish([api("edited", CHAINS["edited"], CONTRACTS, [better])])
    again = [await ask(gateway, "edited", client) for _ in range(4)]
    assert [answer.status for answer in again] == [200, 200, 200, 429]
    assert again[-1].header("x-ratelimit-limit") == "3"


async def test_ip_lists(gateway: Gateway) -> None:
    """The address that Envoy attests decides, whatever the client claims."""
    claimed = ("x-forwarded-for", "192.0.2.7")
    assert (await ask(gateway, "allowed", claimed)).status == 200
    refused = await ask(gateway, "listed", claimed)
    assert (refused.status, refused.header("x-adapter-reason")) == (403, "address_refused")


async def test_a_preflight_is_answered_by_the_adapter(gateway: Gateway) -> None:
    """With 204 and grants, though it has no credentials; the upstream does not see it."""
    requests = gateway.upstream.requests
    answer = await preflight(gateway, "pages")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("access-control-allow-origin") == SHOP
    assert answer.header("access-control-allow-methods") == "PUT"
    assert answer.header("access-control-allow-credentials") == "true"
    assert answer.header("vary") == "Origin"
    assert gateway.upstream.requests == requests
    assert isinstance(gateway.adapter.observed.decisions[-1], Answered)
    refused = await preflight(gateway, "pages", "https://evil.test")
    assert (refused.status, refused.header("access-control-allow-origin")) == (204, None)


async def test_pages_may_read_responses_and_refusals(gateway: Gateway) -> None:
    """An upstream's answer carries the grants, and so does a denial by a later policy."""
    allowed = await ask(gateway, "pages", ("origin", SHOP), *CREDENTIALS)
    denied = await ask(gateway, "pages", ("origin", SHOP))
    assert (allowed.status, denied.status) == (200, 401)
    for answer in (allowed, denied):
        assert values(answer, "access-control-allow-origin") == [SHOP]
        assert values(answer, "vary") == ["Origin"]


async def test_a_public_resource(gateway: Gateway) -> None:
    """Any page may."""
    assert (await preflight(gateway, "public", "https://a.test")).status == 204
    answer = await ask(gateway, "public", ("origin", "https://a.test"))
    assert values(answer, "access-control-allow-origin") == ["*"]


async def test_an_asterisk_grants_whatever_headers_a_page_asks_for(gateway: Gateway) -> None:
    """By name, and to any page."""
    asked = ("access-control-request-headers", "authorization,x-token")
    answer = await preflight(gateway, "asterisk", "https://a.test", asked)
    assert answer.status == 204
    assert answer.header("access-control-allow-headers") == "authorization, x-token"
    assert answer.header("access-control-allow-origin") == "*"


async def test_header_injection(gateway: Gateway) -> None:
    """Appended to what is there, towards the upstream and towards the client."""
    answer = await ask(gateway, "injected", ("x-tag", "theirs"))
    assert answer.upstream_saw("x-tag") == ["theirs,ours"]
    assert answer.upstream_saw("x-caller") == ["nobody"]
    assert values(answer, "server-timing") == ["get"]
    assert values(answer, "x-twice") == ["1", "2"]
    assert values(answer, "content-type") == ["text/plain"]


async def test_header_removal(gateway: Gateway) -> None:
    """The upstream does not see what is removed, by name or by pattern."""
    answer = await ask(gateway, "removed", *CREDENTIALS, ("x-debug", "1"), ("x-kept", "1"))
    assert answer.upstream_saw("x-kept") == ["1"]
    for name in ("client_id", "client_secret", "x-debug"):
        assert answer.upstream_saw(name) == []


async def test_access_block(gateway: Gateway) -> None:
    """A part of an API is closed, however its path is written."""
    for path in ("/admin", "/admin/x", "/a/../admin", "/%61dmin"):
        answer = await ask(gateway, "blocked", path=path)
        assert (answer.status, answer.header("x-adapter-reason")) == (403, "access_blocked")
    assert (await ask(gateway, "blocked", path="/administration")).status == 200


async def test_message_logging(gateway: Gateway) -> None:
    """The admin's line reaches the log, without the query."""
    gateway.adapter.messages.clear()
    assert (await ask(gateway, "logged", path="/orders?token=x")).status == 200
    assert [message.text for message in gateway.adapter.messages] == ["/orders"]


async def test_credential_injection(gateway: Gateway) -> None:
    """The upstream gets the gateway's credentials instead of the client's."""
    answer = await ask(gateway, "credentials", ("authorization", "Bearer theirs"))
    ((scheme, value),) = [v.split() for v in answer.upstream_saw("authorization")]
    assert (scheme, base64.b64decode(value)) == ("Basic", b"gateway:hunter2")


async def test_spike_control(gateway: Gateway) -> None:
    """The second of one is refused; where requests may wait in line, they get their turn."""
    first, second = [await ask(gateway, "spike") for _ in range(2)]
    assert (first.status, second.status) == (200, 429)
    assert second.header("retry-after") == "3600"
    assert second.header("x-ratelimit-remaining") == "0"
    waited = await asyncio.gather(*(ask(gateway, "patient") for _ in range(3)))
    assert [answer.status for answer in waited] == [200, 200, 200]


async def test_a_delay_beyond_envoys_deadline_is_a_429(gateway: Gateway) -> None:
    """Not the error that Envoy makes of a Check that takes too long."""
    first, second = [await ask(gateway, "hasty") for _ in range(2)]
    assert (first.status, second.status) == (200, 429)


async def test_all_policies_together(gateway: Gateway) -> None:
    """In the platform's order, each sees what those before it made of the request."""
    gateway.adapter.messages.clear()
    assert (await preflight(gateway, "everything")).status == 204
    answer = await ask(gateway, "everything", *CREDENTIALS, ("origin", SHOP), path="/orders")
    assert answer.status == 200
    assert answer.upstream_saw("x-caller") == ["Shop"]
    assert answer.upstream_saw("client_secret") == []
    assert answer.upstream_saw("authorization")[0].startswith("Basic ")
    assert answer.header("access-control-allow-origin") == SHOP
    assert answer.header("x-ratelimit-limit") == "2"
    assert [message.text for message in gateway.adapter.messages] == ["/orders"]
    assert (await ask(gateway, "everything", *CREDENTIALS, method="TRACE")).status == 403
