"""What operators ask over HTTP: probes, metrics and what is loaded."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import ConfigurationError
from adapter.operations.inspection import inspection_routes
from adapter.operations.listener import OperatorListener
from adapter.operations.probes import Readiness, probe_routes
from adapter.operations.routes import Question, Reply, Route
from adapter.policy.catalog import Pointcut, RateLimit, SlaTier
from adapter.policy.decide import decide
from adapter.policy.request.attributes import GivenAttributes
from adapter.runtime.clock import SystemClock
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied, contract

GOLD = SlaTier("7", "Gold", (RateLimit(1, 1000),))
CLIENTS = 1_200
ADMIN = (Pointcut("GET", "/admin"), Pointcut(".*", "/billing/admin"))


@asynccontextmanager
async def asking(routes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a listener with those routes."""
    listener = OperatorListener("127.0.0.1:0", routes, SystemClock())
    address = await listener.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            yield client
    finally:
        await listener.stop()


async def spoken(client: httpx.AsyncClient, text: bytes) -> bytes:
    """All that comes back on a connection of its own for these octets."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(text)
    await writer.drain()
    answers = await reader.read()
    writer.close()
    return answers


@pytest.fixture
async def inspection() -> AsyncIterator[httpx.AsyncClient]:
    """An open API with many contracts and a closed one; strangers were seen."""
    snapshots, discovered = SnapshotStore(SystemClock()), DiscoveredServices()
    held = [contract(f"client-{n}", tier_id="7" if n else "gone") for n in range(CLIENTS)]
    snapshots.publish(
        [
            api("1", [CLIENT_ID_ENFORCEMENT], held, [GOLD]),
            api("2", [applied("no-such-policy")]),
            api("3", [applied("access-block", pointcuts=ADMIN, automated=True)]),
        ]
    )
    request = GivenAttributes(method="GET", path="/billing/admin")
    decide(request, snapshots.current.apis["3"], revision=1)
    for host in ("a.test", "b.test", "a.test"):
        discovered.add(host, "route")
    statuses = {"/sync": lambda: {"all_settled": True}}
    async with asking(inspection_routes(snapshots, discovered, statuses)) as client:
        yield client


async def test_apis_show_what_is_open_and_what_is_closed(inspection: httpx.AsyncClient) -> None:
    """And why: the fault names the policy."""
    listed = (await inspection.get("/apis")).json()
    assert [(a["api_id"], a["closed"]) for a in listed["items"]] == [
        ("1", False),
        ("2", True),
        ("3", False),
    ]
    assert (listed["total"], listed["items"][0]["contracts"]) == (3, CLIENTS)
    closed = (await inspection.get("/apis/2")).json()
    assert "no-such-policy" in closed["faults"][0]


async def test_policies_show_where_they_apply_and_how_often(inspection: httpx.AsyncClient) -> None:
    """The patterns as the admin wrote them. A pattern that covers nothing shows a zero."""
    (blocked,) = (await inspection.get("/apis/3")).json()["policies"]
    assert blocked == {
        "policy_id": "id-of-access-block",
        "policy_type": "access-block",
        "automated": True,
        "pointcuts": [
            {"methodRegex": "GET", "uriTemplateRegex": "/admin", "matched": 0},
            {"methodRegex": ".*", "uriTemplateRegex": "/billing/admin", "matched": 1},
        ],
        "overridden_by_automated_policies": [],
        "warnings": [],
    }


async def test_a_policy_that_checks_no_secret_has_a_warning() -> None:
    """Operators see what the administrator probably did not mean."""
    snapshots = SnapshotStore(SystemClock())
    snapshots.publish([api("1", [applied("client-id-enforcement")])])
    async with asking(inspection_routes(snapshots, DiscoveredServices(), {})) as client:
        (unchecked,) = (await client.get("/apis/1")).json()["policies"]
    (warning,) = unchecked["warnings"]
    assert "no client secret is checked" in warning


async def test_contracts_come_in_pages_and_without_secrets(inspection: httpx.AsyncClient) -> None:
    """However many are asked for at once, a page has its bounds."""
    contracts = "/apis/1/contracts"
    pages = [(await inspection.get(f"{contracts}?offset={n}&limit=5000")).json() for n in (0, 1000)]
    assert [len(page["items"]) for page in pages] == [1000, CLIENTS - 1000]
    assert len({row["client_id"] for page in pages for row in page["items"]}) == CLIENTS
    assert (await inspection.get(f"{contracts}?offset=9999")).json()["items"] == []
    first, second = (await inspection.get(f"{contracts}?limit=2")).json()["items"]
    assert first == {
        "contract_id": "contract-of-client-0",
        "client_id": "client-0",
        "client_name": "client-0",
        "sla_tier": None,
        "fault": first["fault"],
    }
    assert "gone" in first["fault"]
    assert (second["sla_tier"], second["fault"]) == ("Gold", None)


@pytest.mark.parametrize("path", ["/apis", "/apis/1/contracts", "/discovered"])
@pytest.mark.parametrize("number", ["-1", "x", "1.5", "", "9" * 20, "9" * 5000])
async def test_a_bad_number_is_named(inspection: httpx.AsyncClient, path: str, number: str) -> None:
    """It is the question's fault, not the adapter's."""
    for name in ("offset", "limit"):
        answer = await inspection.get(path, params={name: number})
        assert answer.status_code == 400
        assert answer.text.startswith(f"{name} must be a whole number")


async def test_what_is_not_there_is_not_found(inspection: httpx.AsyncClient) -> None:
    """An API that is not in the snapshot, and a page that there is not."""
    for path in ("/apis/4", "/apis/4/contracts", "/secrets"):
        assert (await inspection.get(path)).status_code == 404
    assert (await inspection.post("/apis")).status_code == 405


async def test_strangers_are_counted_and_statuses_shown(inspection: httpx.AsyncClient) -> None:
    """What Envoy asked about in vain, and how the sync is doing."""
    found = (await inspection.get("/discovered")).json()
    assert {row["authority"]: row["requests"] for row in found["items"]} == {
        "a.test": 2,
        "b.test": 1,
    }
    assert found["left_out"] == 0
    assert (await inspection.get("/sync")).json() == {"all_settled": True}


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readiness_is_a_status_with_details(*, ready: bool, status: int) -> None:
    """An orchestrator reads the status; a person reads the details, also when it is ready."""
    crashed: Mapping[str, str] = {} if ready else {"sync": "KeyError: 'x'"}

    async def rendered() -> bytes:
        return b"adapter_apis 1.0\n"

    routes = probe_routes(
        render_metrics=rendered,
        readiness=lambda: Readiness(ready, {"api 2": "closed"}),
        crashed_tasks=lambda: crashed,
        version="1.2.3",
    )
    async with asking(routes) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (
            status,
            {"ready": ready, "version": "1.2.3", "details": {"api 2": "closed"}},
        )
        health = await client.get("/healthz")
        assert health.status_code == 200
        assert health.json() == {
            "status": "ok" if ready else "degraded",
            "crashed_tasks": dict(crashed),
        }
        metrics = await client.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert metrics.text == "adapter_apis 1.0\n"


async def test_a_page_has_a_head_and_its_path_may_be_spelled_otherwise() -> None:
    """HTTP as others speak it: HEAD, percent-encoding, a whole URL as the target."""
    async with asking([Route("/things/{name}", lambda q: Reply(q.names["name"].encode()))]) as http:
        head = await http.head("/things/orders")
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "6", b"")
        assert (await http.get("/thing%73/a%2Fb?x=1")).text == "a/b"
        assert (await http.get("/things/")).status_code == 404
        absolute = await spoken(http, b"GET http://a.test/things/b HTTP/1.0\r\n\r\n")
        assert absolute.endswith(b"\r\n\r\nb")


async def test_a_connection_takes_one_request_after_the_other() -> None:
    """Also after a request that there is no answer to, and one with a body."""
    async with asking([Route("/", lambda _: Reply(b"here"))]) as http:
        answers = await spoken(
            http,
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody"
            b"GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n"
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        )
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"405", b"404", b"200"]
    assert b"allow: GET, HEAD\r\n" in answers
    assert answers.endswith(b"here")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),  # without a host
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"x" * 70_000, b"431"),
        (b"GET /" + b"a" * 70_000, b"431"),
    ],
)
async def test_what_is_no_request_is_refused(request_bytes: bytes, status: bytes) -> None:
    """With a status; then the connection ends, and others go on."""
    async with asking([Route("/", lambda _: Reply(b"here"))]) as http:
        assert (await spoken(http, request_bytes))[9:12] == status
        assert (await http.get("/")).text == "here"


async def test_a_page_that_fails_is_an_error_and_takes_nothing_along() -> None:
    """What went wrong stands in the log, not in the answer."""

    def fail(_: Question) -> Reply:
        raise KeyError("secret")

    async with asking([Route("/bad", fail), Route("/", lambda _: Reply(b"here"))]) as http:
        answer = await http.get("/bad")
        assert (answer.status_code, "secret" in answer.text) == (500, False)
        assert (await http.get("/")).text == "here"


async def test_an_open_connection_does_not_delay_the_stop() -> None:
    """A listener stops at once, even with open connections."""
    listener = OperatorListener("127.0.0.1:0", [], SystemClock())
    host, _, port = (await listener.start()).rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await reader.readuntil(b"not found"))[9:12] == b"404"
    await listener.stop()
    assert await reader.read() == b""
    writer.close()


async def test_an_address_in_use_is_named() -> None:
    """A second process does not share the port silently."""
    first = OperatorListener("127.0.0.1:0", [], SystemClock())
    address = await first.start()
    with pytest.raises(ConfigurationError, match=address):
        await OperatorListener(address, [], SystemClock()).start()
    await first.stop()
