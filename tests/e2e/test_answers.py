"""What clients and upstreams get, through a real Envoy."""

import json
from collections.abc import Awaitable, Callable

import aiohttp
import grpc
import pytest

from adapter.policy.decision import Denied
from support.upstream import ECHO
from tests.builders import OWN_HEADERS
from tests.e2e.conftest import Gateway
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

CREDENTIALS = (("client_id", "client-1"), ("client_secret", "secret"))


async def get(
    gateway: Gateway, api_id: str, path: str = "/", *headers: tuple[str, str | bytes]
) -> Answer:
    """One request to an API."""
    return await request(gateway.address, f"{api_id}.test", path, headers)


async def test_no_credentials(gateway: Gateway) -> None:
    """A client without credentials learns what is missing, and who refused it."""
    answer = await get(gateway, "secured")
    assert answer.status == 401
    assert answer.json() == {"error": "Client ID is not present"}
    assert answer.header("content-type") == "application/json"
    assert answer.header("www-authenticate") is not None
    assert answer.header("x-adapter-reason") == "credentials_missing"


async def test_wrong_secret(gateway: Gateway) -> None:
    """A wrong secret does not pass, nor do credentials sent twice."""
    wrong = await get(gateway, "secured", "/", ("client_id", "client-1"), ("client_secret", "no"))
    twice = await get(gateway, "secured", "/", *CREDENTIALS, *CREDENTIALS)
    assert (wrong.status, twice.status) == (401, 401)
    assert wrong.header("x-adapter-reason") == "credentials_invalid"


async def test_identity(gateway: Gateway) -> None:
    """The upstream sees who calls, in UTF-8, and nothing that a client forged."""
    forged = (
        ("x-adapter-client-id", "forged"),
        ("X-Adapter-Client-Name", "forged"),
        ("x-adapter-sla-tier", "forged"),
        ("x-adapter-client-address", "6.6.6.6"),
        ("x_adapter_sla_tier", "forged"),
    )
    answer = await get(gateway, "secured", "/", *CREDENTIALS, *forged)
    assert answer.status == 200
    assert answer.upstream_saw("x-adapter-api-id") == ["secured"]
    assert answer.upstream_saw("x-adapter-client-id") == ["client-1"]
    assert [
        v.encode(errors="surrogateescape").decode()
        for v in answer.upstream_saw("x-adapter-client-name")
    ] == ["Zoë's shop"]
    assert answer.upstream_saw("x-adapter-contract-id") == ["contract-of-client-1"]
    assert answer.upstream_saw("x-adapter-sla-tier") == []
    assert answer.upstream_saw("x-adapter-client-address") == []
    assert b"forged" not in answer.body


async def test_anonymous(gateway: Gateway) -> None:
    """Where no policy asks who calls, forged identities are taken away all the same."""
    answer = await get(gateway, "open", "/", ("x-adapter-principal", "root"))
    assert answer.status == 200
    assert answer.upstream_saw("x-adapter-principal") == []


async def test_a_forged_identity_header_reaches_no_upstream_in_any_spelling(
    gateway: Gateway,
) -> None:
    """With every character that may be in a name in place of the hyphens, in either case."""
    for marks in ("-_!", "#$%", "&'*", "+.^", "`|~"):  # Envoy takes 100 headers of a request.
        names = [name.replace("-", mark) for name in OWN_HEADERS for mark in marks]
        forged = [(spelt, "forged") for name in names for spelt in (name, name.title())]
        for api_id, credentials in (("open", ()), ("secured", CREDENTIALS)):
            answer = await get(gateway, api_id, "/", *credentials, *forged, ("x-other", "kept"))
            assert answer.status == 200
            assert answer.upstream_saw("x-other") == ["kept"]
            assert b"forged" not in answer.body


async def test_hostile_strings(gateway: Gateway) -> None:
    """CR, LF and NUL in names and values of policies split no message, on either side."""
    allowed = await get(gateway, "edits")
    assert allowed.status == 200
    assert allowed.header("x-hostile") == "a  x-smuggled: 1 b"
    assert allowed.header("x-smuggled") is None
    assert allowed.upstream_saw("x-hostile") == ["a  x-smuggled: 1 b"]
    assert allowed.upstream_saw("x-smuggled") == []
    assert allowed.upstream_saw("x-adapter-client-id") == ["client-1"]
    refused = await get(gateway, "refused")
    assert refused.status == 429
    assert refused.header("x-hostile") == "a  x-smuggled: 1 b"


async def test_non_utf8(gateway: Gateway) -> None:
    """A header that is not UTF-8 fails nothing, and policies see the same value in both forms."""
    odd = b"caf\xe9 \xe2\x82b \xff\xfe \xf0\x9f\x98c \xed\xa0\x80 \xc0\xaf"
    answer = await get(gateway, "tell", "/", ("x-tell", odd))
    assert answer.status == 200
    assert answer.upstream_saw("x-told") == ["caf! !!b !! !!!c !!! !!"]


async def test_client_address(gateway: Gateway) -> None:
    """Policies see the address that Envoy attests, not one that a client claims."""
    answer = await get(gateway, "address", "/", ("x-adapter-client-address", "6.6.6.6"))
    assert answer.upstream_saw("x-seen-address") == ["127.0.0.1"]


@pytest.mark.parametrize("path", ["/a%2fb", "/a%2Fb", "/a%5cb", "/a%00b", "/a;b"])
async def test_ambiguous_paths(gateway: Gateway, path: str) -> None:
    """Where a policy looks at the path, one with two readings does not pass."""
    assert (await get(gateway, "paths", path)).status == 400


@pytest.mark.parametrize("path", ["/a/../b", "/a/%2e%2e/b", "//b", "/%62"])
async def test_normalized_paths(gateway: Gateway, path: str) -> None:
    """Envoy gives policy and upstream the same one reading of a path."""
    answer = await get(gateway, "paths", path)
    assert (answer.status, answer.json()["path"]) == (200, "/b")


async def test_long_headers(gateway: Gateway) -> None:
    """100 KB of headers are refused, and the next request is answered."""
    assert (await get(gateway, "open", "/", ("x-long", "x" * 100_000))).status == 431
    assert (await get(gateway, "open", "/", ("x-long", "x" * 40_000))).status == 200


async def test_unbound(gateway: Gateway) -> None:
    """A route whose API the platform does not have is closed."""
    answer = await get(gateway, "unknown")
    assert answer.status == 403
    assert answer.header("x-adapter-reason") == "api_unknown"


async def test_closed(gateway: Gateway) -> None:
    """An API with a policy that we cannot enforce is closed, and says so."""
    answer = await get(gateway, "faulty")
    assert answer.status == 503
    assert answer.header("x-adapter-reason") == "api_closed"
    assert "no-such-policy" not in answer.body.decode()


async def test_undecided(gateway: Gateway) -> None:
    """A store that is down is an error, told from a denial by the missing reason."""
    answer = await get(gateway, "store")
    assert (answer.status, answer.body) == (503, b"")
    assert answer.header("x-adapter-reason") is None
    assert ("/envoy.service.auth.v3.Authorization/Check", 8) in gateway.adapter.observed.failed


async def test_path_prefix(gateway: Gateway) -> None:
    """APIs share a domain by path, on segment boundaries, whatever port the client names."""
    for path, api_id in (("/pay", "pay"), ("/pay/1?a=b", "pay"), ("/payments", "open")):
        answer = await request(gateway.address, "open.test:1234", path)
        assert answer.upstream_saw("x-adapter-api-id") == [api_id]


async def test_websocket(gateway: Gateway) -> None:
    """A WebSocket is checked once, at its handshake, and then left alone."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{gateway.envoy.url}/socket", headers={"host": "open.test"}) as socket,
    ):
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=10) == "hello"


@pytest.mark.parametrize(
    ("api_id", "code"),
    [
        ("grpc-401", grpc.StatusCode.UNAUTHENTICATED),
        ("grpc-429", grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
async def test_grpc_denied(gateway: Gateway, api_id: str, code: grpc.StatusCode) -> None:
    """A gRPC client gets a status that it understands, and a message that it can show."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(gateway, api_id)
    assert refused.value.code() is code
    assert refused.value.details() == "Refused"


async def test_grpc_allowed(gateway: Gateway) -> None:
    """A gRPC upstream sees whose API was called."""
    metadata = json.loads(await call(gateway, "grpc-open"))
    assert ["x-adapter-api-id", "grpc-open"] in metadata


async def test_record(gateway: Gateway) -> None:
    """The observer is told each decision, with the operator's detail."""
    await get(gateway, "faulty")
    decision = gateway.adapter.observed.decisions[-1]
    assert isinstance(decision, Denied)
    assert "no-such-policy" in decision.deny.detail


async def call(gateway: Gateway, api_id: str) -> bytes:
    """Call the echo through Envoy."""
    options = [("grpc.default_authority", f"{api_id}.test")]
    async with grpc.aio.insecure_channel(gateway.address, options=options) as channel:
        echo: Callable[..., Awaitable[bytes]] = channel.unary_unary(ECHO)
        return await echo(b"", timeout=10)
