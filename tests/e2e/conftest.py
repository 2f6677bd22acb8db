"""One gateway for a module's tests: upstream, adapter and Envoy, by Envoy's version."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from adapter.envoy_config import ApiRoute, render
from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.quota import Charge
from adapter.policy.evaluation import Evaluation
from adapter.policy.snapshot import Api
from adapter.policy.verdicts import Continue, Deny, DenyReason, Identity
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import CLIENT_ID_ENFORCEMENT, api, api_ruled_by, applied, contract
from tests.rig.adapters import AdapterInProcess, Transport
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, OLDEST, envoy_binary

TOKEN = "shared-secret"
QUICK_AND_PATIENT = {
    "token": TOKEN,
    "health_interval_s": 0.2,
    "log_flush_s": 0.2,
    "check_timeout_s": 5.0,
}
"""No test waits for Envoy, and none fails because the machine is slow."""
HOSTILE = "a\r\nx-smuggled: 1\x00b"
"""What must not leave as it is."""


def denying(status: int, **fields: object) -> Deny:
    """A denial by a policy of the test's."""
    return Deny(DenyReason.ACCESS_BLOCKED, status, "Refused", **fields)  # type: ignore[arg-type]


def _hostile_edits(_: Evaluation) -> Verdict:
    return Continue(
        Identity("client-1", client_name="Zoë\r\nx-smuggled: 1\udfff", sla_tier="gold"),
        set_headers=(("x-hostile", HOSTILE), ("bad name", "1"), ("x-adapter-client-id", "other")),
        response_headers=(("x-hostile", HOSTILE), ("x-ratelimit-limit", "10")),
    )


def _charging(evaluation: Evaluation) -> Verdict:
    window = (1, 1000, evaluation.api_id)
    return Charge((window,), lambda _: Continue())


def _telling_address(evaluation: Evaluation) -> Verdict:
    return Continue(set_headers=(("x-seen-address", str(evaluation.request.client_address)),))


def _telling_header(evaluation: Evaluation) -> Verdict:
    return Continue(set_headers=(("x-told", evaluation.header("x-tell") or "nothing"),))


APIS: tuple[Api, ...] = (
    api("open"),
    api("pay"),
    api(
        "secured",
        [CLIENT_ID_ENFORCEMENT],
        [contract("client-1", name="Zoë's shop")],
    ),
    api("faulty", [applied("no-such-policy")]),
    api_ruled_by("edits", _hostile_edits),
    api_ruled_by("refused", lambda _: denying(429, headers=(("x-hostile", HOSTILE),))),
    api_ruled_by("store", _charging),
    api_ruled_by("paths", lambda _: Continue(), inspects_path=True),
    api_ruled_by("address", _telling_address),
    api_ruled_by("tell", _telling_header),
    api("grpc-open"),
    api_ruled_by("grpc-401", lambda _: denying(401)),
    api_ruled_by("grpc-429", lambda _: denying(429)),
)  # fmt: skip


def routes(upstream: Upstream) -> tuple[ApiRoute, ...]:
    """Each API on a domain of its own, `<api id>.test`."""
    http = [a.instance.api_id for a in APIS if "grpc" not in a.instance.api_id]
    grpc = [a.instance.api_id for a in APIS if "grpc" in a.instance.api_id]
    named = upstream.http_address.replace("127.0.0.1", "localhost")
    return (
        *(ApiRoute(i, upstream.http_address, (f"{i}.test",)) for i in http if i != "pay"),
        *(ApiRoute(i, upstream.grpc_address, (f"{i}.test",), grpc=True) for i in grpc),
        ApiRoute("pay", named, ("open.test",), path_prefix="/pay"),
        ApiRoute("not-in-the-snapshot", upstream.http_address, ("unknown.test",)),
    )


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running set; `address` is where clients send their requests."""

    envoy: Envoy
    adapter: AdapterInProcess
    upstream: Upstream

    @property
    def address(self) -> str:
        """Where Envoy listens."""
        return self.envoy.address


@pytest.fixture(scope="session", params=[OLDEST, NEWEST])
def binary(request: pytest.FixtureRequest) -> Path:
    """Both ends of the supported Envoys."""
    return envoy_binary(request.param)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def upstream() -> AsyncIterator[Upstream]:
    """The service behind Envoy."""
    upstream = Upstream()
    await upstream.start()
    yield upstream
    await upstream.stop()


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="session",
    params=[("asyncio", True), ("asyncio", False), ("grpcio", False)],
    ids=["asyncio-raw", "asyncio-map", "grpcio-map"],
)
async def gateway(
    binary: Path,
    upstream: Upstream,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Gateway]:
    """All APIs behind one Envoy, on both transports, in both forms that it can send headers in."""
    transport: Transport
    transport, raw = request.param
    async with AdapterInProcess(APIS, token=TOKEN, transport=transport) as adapter:
        config = with_header_form(config_for(upstream, adapter.address), raw=raw)
        async with Envoy(binary, config, tmp_path_factory.mktemp("envoy")) as envoy:
            yield Gateway(envoy, adapter, upstream)


def config_for(upstream: Upstream, *adapters: str, **settings: object) -> str:
    """A bootstrap for all routes, with ports of the system's choice and quick health checks."""
    config = envoy_config(
        apis=routes(upstream),
        adapters=adapters,
        **{**QUICK_AND_PATIENT, **settings},
    )
    return render(config)


def with_header_form(bootstrap: str, *, raw: bool) -> str:
    """The bootstrap with an Envoy that sends headers as a list of raw values, or as a map."""
    config = yaml.safe_load(bootstrap)
    _, ext_authz = manager_and_filter(config)
    ext_authz["encode_raw_headers"] = raw
    written: str = yaml.safe_dump(config)
    return written


def manager_and_filter(config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The connection manager's configuration and, in it, that of the filter that asks us."""
    (listener,) = config["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    (ext_authz,) = [f for f in manager["http_filters"] if f["name"].endswith("ext_authz")]
    return manager, ext_authz["typed_config"]
