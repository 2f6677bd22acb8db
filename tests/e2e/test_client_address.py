"""Whose word the adapter takes for a client's address, through a real Envoy."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.envoy_config import ApiRoute, render
from adapter.ext_authz.check.reader import RequestReader
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api, applied
from tests.e2e.conftest import manager_and_filter
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

OFFICE = "192.0.2.7"
API = api("lists", [applied("ip-allowlist", {"ips": [OFFICE]})])
FORGED = [("x-adapter-client-address", OFFICE), ("x-forwarded-for", OFFICE)]


def configuration(upstream: Upstream, adapter: str, *, trusted_hops: int = 0) -> Any:
    """The one that we print."""
    config = envoy_config(
        apis=(ApiRoute("lists", upstream.http_address),),
        adapters=(adapter,),
        check_timeout_s=5,
        health_interval_s=0.2,
        trusted_hops=trusted_hops,
    )
    return yaml.safe_load(render(config))


def hand_written(config: Any) -> Any:
    """The same without what nobody writes who has not read our page on the client's address."""
    manager, _ = manager_and_filter(config)
    manager["http_filters"] = [
        f for f in manager["http_filters"] if not f["name"].endswith("header_mutation")
    ]
    (host,) = manager["route_config"]["virtual_hosts"]
    (per_route,) = host["routes"][0]["typed_per_filter_config"].values()
    per_route["check_settings"]["context_extensions"] = {"api_id": "lists"}
    return config


async def test_an_address_that_a_client_sends_does_not_pass_a_hand_written_envoy(
    binary: Path, upstream: Upstream, tmp_path: Path
) -> None:
    """Nobody there overwrites the header, so the adapter does not believe it."""
    async with AdapterInProcess([API]) as adapter:
        config = hand_written(configuration(upstream, adapter.address))
        async with Envoy(binary, yaml.safe_dump(config), tmp_path) as envoy:
            answer = await request(envoy.address, "any.test", "/", FORGED)
            assert answer.status == 403
            assert answer.header("x-adapter-reason") == "address_unknown"


@pytest.mark.parametrize(
    ("forwarded_for", "reason"),
    [(OFFICE, None), (f"{OFFICE}:4711", "address_refused"), ("203.0.113.9", "address_refused")],
)
async def test_trusted_hops_do_not_read_entries_with_a_port(
    binary: Path, upstream: Upstream, tmp_path: Path, forwarded_for: str, reason: str | None
) -> None:
    """Envoy then takes the proxy for the client, as our page warns."""
    async with AdapterInProcess([API]) as adapter:
        config = configuration(upstream, adapter.address, trusted_hops=1)
        async with Envoy(binary, yaml.safe_dump(config), tmp_path) as envoy:
            headers = [("x-forwarded-for", forwarded_for)]
            answer = await request(envoy.address, "any.test", "/", headers)
            assert answer.header("x-adapter-reason") == reason


@pytest.mark.parametrize(
    ("forwarded_for", "reason"),
    [
        (f"6.6.6.6, {OFFICE}:4711", None),
        (f"{OFFICE}, 203.0.113.9:4711", "address_refused"),
        ("nonsense:4711", "address_unknown"),
    ],
)
async def test_a_position_reads_entries_with_a_port(
    binary: Path, upstream: Upstream, tmp_path: Path, forwarded_for: str, reason: str | None
) -> None:
    """Envoy appends its peer, which is the proxy; the proxy's own entry is the last but one."""
    reader = RequestReader(forwarded_for_position=2)
    async with AdapterInProcess([API], reader=reader) as adapter:
        config = configuration(upstream, adapter.address)
        async with Envoy(binary, yaml.safe_dump(config), tmp_path) as envoy:
            headers = [("x-forwarded-for", forwarded_for)]
            answer = await request(envoy.address, "any.test", "/", headers)
            assert answer.header("x-adapter-reason") == reason
