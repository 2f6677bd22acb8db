"""Spellings that upstreams read as one header, with an Envoy that accepts all of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from adapter.envoy_config import ApiRoute, render
from support.defaults import envoy_config
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied, contract
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN, manager_and_filter, with_header_form
from tests.rig import raw_http
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_upstream import raw_upstream, seen_by_upstream

pytestmark = pytest.mark.asyncio(loop_scope="session")

USER = {"inboundHeaders": [{"key": "x-user", "value": "ours"}]}
CREDENTIALS = {"username": "u", "password": "p", "customHeader": "x-key"}
APIS = (
    api("remove", [applied("header-removal", {"inboundHeaders": ["x-secret", "x-int-.*"]})]),
    api("inject", [applied("header-injection", USER)]),
    api("credentials", [applied("credential-injection-basic-auth", CREDENTIALS)]),
    api("identify", [CLIENT_ID_ENFORCEMENT], [contract("client-1")]),
)
PROVEN = (("client_id", "client-1"), ("client_secret", "secret"))


@pytest_asyncio.fixture(
    scope="module", loop_scope="session", params=[True, False], ids=["raw", "map"]
)
async def address(
    binary: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """An Envoy without the filter of ours that drops what looks like an identity header."""
    async with raw_upstream() as upstream, AdapterInProcess(APIS, token=TOKEN) as adapter:
        names = [each.instance.api_id for each in APIS]
        config = envoy_config(
            apis=tuple(ApiRoute(name, upstream, (f"{name}.test",)) for name in names),
            adapters=(adapter.address,),
            **QUICK_AND_PATIENT,
        )
        bootstrap = yaml.safe_load(with_header_form(render(config), raw=request.param))
        manager, _ = manager_and_filter(bootstrap)
        del manager["http_filters"][0]
        written = yaml.safe_dump(bootstrap)
        async with Envoy(binary, written, tmp_path_factory.mktemp("envoy")) as envoy:
            yield envoy.address


@pytest.mark.parametrize(
    ("name", "spellings", "kept"),
    [
        ("remove", ["x-secret", "x_secret", "X_SECRET", "x.secret"], []),
        ("remove", ["x-int-a", "x_int_b", "x-int_c"], []),
        ("inject", ["x-user", "x_user", "X.User"], [b"theirs,ours"]),
        ("credentials", ["x-key", "x_key", "X.Key"], [b"Basic dTpw"]),
        ("identify", ["x-adapter-client-id", "x_adapter_client_id"], [b"client-1"]),
        ("identify", ["x-adapter-anything", "x_adapter_reason", "x-adapter-token"], []),
        ("identify", ["x-adapter-principal", "x_adapter-principal"], []),
        ("identify", ["x-adapter-client-address", "x_adapter_client_address"], []),
    ],
)
async def test_a_server_that_makes_variables_of_headers_reads_what_the_policy_says(
    address: str, name: str, spellings: list[str], kept: list[bytes]
) -> None:
    """And nothing that a client spelled otherwise."""
    sent = tuple((spelling, "theirs") for spelling in (*spellings, "x_other"))
    answer = await raw_http.request(address, f"{name}.test", "/", (*sent, *PROVEN))
    assert answer.status == 200
    found = [v for s in spellings for v in seen_by_upstream(answer.body, s.lower())]
    assert found == kept
    assert seen_by_upstream(answer.body, "x_other") == [b"theirs"]


@pytest.mark.parametrize(
    "sent",
    [
        [("X-INT-A", "1"), ("x-int-a", "2")],
        [("x-int-a", "")],
        [("x-int-a", b"Jos\xe9"), ("x_int_a", b"\xff")],
        [(f"x-int-{'a' * 200}", "1")],
        [("x-int-a!#$%&'*+.^_`|~", "1")],
    ],
)
async def test_a_pattern_finds_what_envoy_passes_on(
    address: str, sent: list[tuple[str, str | bytes]]
) -> None:
    """Repeated, empty, long and odd headers, too."""
    answer = await raw_http.request(address, "remove.test", "/", [*sent, ("x-kept", "1")])
    assert answer.status == 200
    assert b"int" not in answer.body.lower()
    assert seen_by_upstream(answer.body, "x-kept") == [b"1"]
