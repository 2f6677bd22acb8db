"""Headers that policies append to: what the client sent stays, octet by octet."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from support.defaults import envoy_config
from tests.builders import api, applied
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN, with_header_form
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request
from tests.rig.raw_upstream import raw_upstream, seen_by_upstream

pytestmark = pytest.mark.asyncio(loop_scope="session")

INJECTION = applied(
    "header-injection",
    {
        "inboundHeaders": [
            {"key": "x-tag", "value": "ours"},
            {"key": "x-tag", "value": "Zoë"},
            {"key": "cookie", "value": "b=2"},
        ]
    },
)
OURS = "ours,Zoë".encode()


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[True, False])
async def address(
    binary: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """An Envoy that sends headers in either form."""
    apis = [api("1", [INJECTION])]
    async with raw_upstream() as upstream, AdapterInProcess(apis, token=TOKEN) as adapter:
        config = envoy_config(
            apis=(ApiRoute("1", upstream, ("api.test",)),),
            adapters=(adapter.address,),
            **QUICK_AND_PATIENT,
        )
        written = with_header_form(render(config), raw=request.param)
        async with Envoy(binary, written, tmp_path_factory.mktemp("envoy")) as envoy:
            yield envoy.address


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ([], [OURS]),
        ([b""], [OURS]),
        ([b"theirs"], [b"theirs," + OURS]),
        ([b"a", b"b"], [b"a,b," + OURS]),
        ([b"Jos\xe9"], [b"Jos\xe9," + OURS]),
        ([b"Jos!"], [b"Jos!," + OURS]),
        ([b"Zo\xc3\xab"], [b"Zo\xc3\xab," + OURS]),
        ([b"a\tb"], [b"a\tb," + OURS]),
        ([b"\xe2\x82\xff"], [b"\xe2\x82\xff," + OURS]),
        # Envoy appends to the first one.
        ([b"a", b"Jos\xe9"], [b"a," + OURS, b"Jos\xe9"]),
    ],
)
async def test_the_clients_own_value_is_not_damaged(
    address: str, sent: list[bytes], seen: list[bytes]
) -> None:
    """Whatever octets it has."""
    answer = await request(address, "api.test", "/", [("x-tag", value) for value in sent])
    assert answer.status == 200
    found = seen_by_upstream(answer.body, "x-tag")
    assert [value.removeprefix(b",") for value in found] == seen


@pytest.mark.parametrize("sent", [b"a=1", b"a=Jos\xe9"])
async def test_a_cookie_stays_one_line_that_servers_can_read(address: str, sent: bytes) -> None:
    """With a semicolon between them (RFC 6265, 4.2.1)."""
    answer = await request(address, "api.test", "/", [("cookie", sent)])
    assert seen_by_upstream(answer.body, "cookie") == [sent + b"; b=2"]
