"""The doctor and real Envoys: what their admin interfaces show, and what really happens."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from adapter.cli.api_option import read_place
from adapter.doctor import Finding, KnownAdapter, Severity, examine, read_admin, read_file
from adapter.envoy_config import ApiRoute, render, render_fragments
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import api
from tests.e2e.conftest import QUICK_AND_PATIENT, manager_and_filter
from tests.e2e.test_fragments import BASE, assembled
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.polling import until
from tests.rig.raw_http import request
from tests.unit.doctor.configurations import known

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "100%REQ"
SETTINGS = {"has_settings": True, "token": TOKEN, "drain_s": 2.5}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def adapter() -> AsyncIterator[AdapterInProcess]:
    """An adapter whose token looks like a command of Envoy's."""
    async with AdapterInProcess((api("1"), api("2")), token=TOKEN) as adapter:
        yield adapter


def written(upstream: Upstream, adapter: AdapterInProcess) -> Any:
    """The generated configuration for two APIs."""
    routes = (
        ApiRoute("1", upstream.http_address, ("shop.test",), "/orders"),
        ApiRoute("2", upstream.http_address, ("shop.test",)),
    )
    options = {**QUICK_AND_PATIENT, "token": TOKEN}
    return yaml.safe_load(render(envoy_config(routes, (adapter.address,), **options)))


async def examined(envoy: Envoy, facts: KnownAdapter) -> list[Finding]:
    """What is wrong with a running Envoy, without notes."""
    found = examine(await asyncio.to_thread(read_admin, envoy.admin), facts)
    return [finding for finding in found if finding.severity is not Severity.NOTE]


async def test_the_generated_configuration_is_clean(
    binary: Path, upstream: Upstream, adapter: AdapterInProcess, tmp_path: Path
) -> None:
    """Read from the running Envoy, which hides values and leaves defaults out."""
    config = yaml.safe_dump(written(upstream, adapter))
    async with Envoy(binary, config, tmp_path) as envoy:
        assert (await request(envoy.address, "shop.test", "/orders/1")).status == 200
        facts = known(**SETTINGS, api_ids=frozenset({"1", "2"}))
        assert await examined(envoy, facts) == []
        (finding,) = await examined(envoy, known(**SETTINGS, api_ids=frozenset({"2"})))
        assert (finding.code, finding.detail) == ("api_unknown", "api_id: 1")


async def test_a_broken_envoy(
    binary: Path, upstream: Upstream, adapter: AdapterInProcess, tmp_path: Path
) -> None:
    """Envoy runs with all of these, and the doctor finds each in its admin interface."""
    config = written(upstream, adapter)
    manager, ext_authz = manager_and_filter(config)
    ext_authz["failure_mode_allow"] = True
    ext_authz["grpc_service"] = {"envoy_grpc": {"cluster_name": "adapter"}, "timeout": "0.01s"}
    ext_authz["status_on_error"] = {"code": "OK"}
    ext_authz.pop("validate_mutations")
    ext_authz.pop("decoder_header_mutation_rules")
    for name in ("use_remote_address", "normalize_path", "strip_trailing_host_dot", "access_log"):
        del manager[name]
    first, second = manager["route_config"]["virtual_hosts"][0]["routes"]
    first["match"] = {"prefix": "/orders"}
    key = "envoy.filters.http.ext_authz"
    for route in (first, second):
        del route["typed_per_filter_config"][key]["check_settings"]["context_extensions"][
            "api_chosen_by"
        ]
    cluster = config["static_resources"]["clusters"][0]
    cluster["health_checks"][0].pop("no_traffic_interval")
    cluster.pop("circuit_breakers")
    async with Envoy(binary, yaml.safe_dump(config), tmp_path) as envoy:
        found = await examined(envoy, known(**SETTINGS))
    assert {finding.code for finding in found} - {"adapter_unreachable"} == {
        *("failure_mode_allow", "timeout_short", "status_on_error", "retries_missing"),
        *("token_wrong", "validate_mutations", "system_headers", "address_from_client"),
        *("normalize_path", "host_dot", "access_log_missing", "prefix_without_slash"),
        *("api_chosen_by_path", "no_traffic_interval"),
        *("circuit_breaker_requests", "circuit_breaker_retries"),
    }


async def test_an_envoy_that_exists(
    binary: Path, upstream: Upstream, adapter: AdapterInProcess, tmp_path: Path
) -> None:
    """Before the parts of `envoy-config --fragment` were added, and with them.

    One mistake of its own route is left: it matches a prefix, not a segment.
    """
    async with Envoy(binary, BASE, tmp_path / "before") as envoy:
        assert [f.code for f in await examined(envoy, known(**SETTINGS))] == ["ext_authz_missing"]
    options = {**QUICK_AND_PATIENT, "token": TOKEN}
    config = envoy_config([read_place("1@shop.test/orders")], [adapter.address], **options)
    text = assembled(render_fragments(config), upstream.http_address)
    async with Envoy(binary, text, tmp_path / "after") as envoy:
        found = await examined(envoy, known(**SETTINGS))
    assert [finding.code for finding in found] == ["prefix_without_slash"]


async def test_an_operator_that_ends_envoy(
    binary: Path, upstream: Upstream, adapter: AdapterInProcess, tmp_path: Path
) -> None:
    """The doctor says so before the first request comes."""
    config = written(upstream, adapter)
    _, ext_authz = manager_and_filter(config)
    ext_authz["grpc_service"]["initial_metadata"].append({"key": "x-a", "value": "%NO_SUCH%"})
    envoy = Envoy(binary, yaml.safe_dump(config), tmp_path)
    await envoy.__aenter__()
    (finding,) = await examined(envoy, known())
    await request_without_answer(envoy.address)
    await envoy._process.wait()
    with pytest.raises(RuntimeError, match="exited by itself with -6"):
        await envoy.__aexit__(None, None, None)
    assert finding.code == "crashing_operator"
    assert finding.detail == "x-a: unknown operator %NO_SUCH%"


async def request_without_answer(address: str) -> None:
    """Send a request to an Envoy that ends because of it."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n")
    assert await reader.read() == b""
    writer.close()


async def test_files_that_envoy_reloads(
    binary: Path, upstream: Upstream, adapter: AdapterInProcess, tmp_path: Path
) -> None:
    """What Envoy discovers in files is read, and a refused update is seen."""
    config = written(upstream, adapter)
    manager, _ = manager_and_filter(config)
    routes = {**manager.pop("route_config"), "name": "routes"}
    manager["rds"] = {"route_config_name": "routes", "config_source": source(tmp_path / "rds.yaml")}
    static = config.pop("static_resources")
    config["dynamic_resources"] = {
        "lds_config": source(tmp_path / "lds.yaml"),
        "cds_config": source(tmp_path / "cds.yaml"),
    }
    route_type = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    publish(tmp_path / "rds.yaml", [{"@type": route_type, **routes}])
    publish(tmp_path / "cds.yaml", of_type("cluster", "Cluster", static["clusters"]))
    publish(tmp_path / "lds.yaml", of_type("listener", "Listener", static["listeners"]))
    file = tmp_path / "envoy" / "envoy.yaml"
    async with Envoy(binary, yaml.safe_dump(config), file.parent) as envoy:
        assert await examined(envoy, known()) == []
        assert [f for f in examine(read_file(file), known()) if f.severity != "note"] == []
        manager["http_filters"].pop()
        publish(tmp_path / "lds.yaml", of_type("listener", "Listener", static["listeners"]))
        await until(lambda: "Error adding/updating listener" in envoy.log())
        (finding,) = await examined(envoy, known())
        assert (finding.code, finding.place.listener) == ("update_rejected", "ingress")


async def test_an_adapter_that_is_away(
    binary: Path, upstream: Upstream, adapter: AdapterInProcess, tmp_path: Path
) -> None:
    """Envoy knows it from its health checks."""
    config = written(upstream, adapter)
    for cluster in config["static_resources"]["clusters"][:2]:
        cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"] = {
            "pipe": {"path": str(tmp_path / "nobody.sock")}
        }
    async with Envoy(binary, yaml.safe_dump(config), tmp_path) as envoy:
        found = await examined(envoy, known())
    assert [(f.code, f.place.cluster) for f in found] == [
        ("adapter_unreachable", "adapter"),
        ("adapter_unreachable", "adapter_als"),
    ]


def source(file: Path) -> dict[str, Any]:
    """A configuration source that is a file."""
    return {"path_config_source": {"path": str(file)}}


def of_type(package: str, name: str, resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Resources as they stand in a file for discovery."""
    kind = f"type.googleapis.com/envoy.config.{package}.v3.{name}"
    return [{"@type": kind, **resource} for resource in resources]


def publish(file: Path, resources: list[dict[str, Any]]) -> None:
    """Replace the file in one step, which is what Envoy watches for."""
    new = file.with_suffix(".new")
    new.write_text(yaml.safe_dump({"resources": resources}))
    new.rename(file)
