"""An Envoy that cannot get in: the adapter says which mistake it is.

Each case is one mistake in the configuration of a real Envoy or of the adapter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from cryptography import x509

from adapter.envoy_config import AdapterTls, ApiRoute, render
from adapter.transport.http2.limits import REFUSALS
from adapter.transport.http2.tls import server_context
from support.defaults import envoy_config
from tests.builders import api
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN
from tests.rig.adapters import AdapterInProcess
from tests.rig.certificates import Authority
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.polling import until
from tests.rig.raw_http import request

Bootstrap: TypeAlias = dict[str, Any]
OUR_ADDRESS = (x509.IPAddress(ip_address("127.0.0.1")),)
OTHER_HOST = (x509.DNSName("elsewhere.test"),)


@dataclass(frozen=True, slots=True)
class Case:
    """How adapter and Envoy are set up. Without a mistake, Checks are answered."""

    tls: bool = True
    asks_for_certificate: bool = False
    alternative_names: tuple[x509.GeneralName, ...] = OUR_ADDRESS
    """Whom the adapter's certificate names."""
    envoy_tls: bool = True
    trusts: str = "ours"
    """The authority that Envoy trusts."""
    certificate_of: str = ""
    """The authority that signed Envoy's certificate, if it has one."""
    token: str = TOKEN
    change: Callable[[Bootstrap], None] = lambda _: None


def _without_http2(bootstrap: Bootstrap) -> None:
    for cluster in bootstrap["static_resources"]["clusters"]:
        if cluster["name"].startswith("adapter"):
            del cluster["typed_extension_protocol_options"], cluster["health_checks"]


def _without_alpn(bootstrap: Bootstrap) -> None:
    _without_http2(bootstrap)
    for context in _tls_contexts(bootstrap):
        del context["alpn_protocols"]


def _with_an_old_cipher(bootstrap: Bootstrap) -> None:
    for context in _tls_contexts(bootstrap):
        context["tls_params"] = {
            "tls_maximum_protocol_version": "TLSv1_2",
            "cipher_suites": ["AES128-SHA"],
        }


def _tls_contexts(bootstrap: Bootstrap) -> list[dict[str, Any]]:
    clusters = bootstrap["static_resources"]["clusters"]
    sockets = [c["transport_socket"] for c in clusters if c["name"].startswith("adapter")]
    return [socket["typed_config"]["common_tls_context"] for socket in sockets]


def _with_http_service(bootstrap: Bootstrap) -> None:
    ext_authz = _ext_authz(bootstrap)
    del ext_authz["grpc_service"]
    uri = {"uri": "http://adapter", "cluster": "adapter", "timeout": "1s"}
    ext_authz["http_service"] = {"server_uri": uri}


def _with_a_logger_of_a_mesh(bootstrap: Bootstrap) -> None:
    """Checks have the token; the log provider of a mesh cannot send it."""
    (logger, *_) = _manager(bootstrap)["access_log"]
    service = logger["typed_config"]["common_config"]["grpc_service"]
    del service["initial_metadata"]


def _manager(bootstrap: Bootstrap) -> dict[str, Any]:
    (listener,) = bootstrap["static_resources"]["listeners"]
    typed: dict[str, Any] = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return typed


def _ext_authz(bootstrap: Bootstrap) -> dict[str, Any]:
    manager = _manager(bootstrap)
    (found,) = [f for f in manager["http_filters"] if f["name"].endswith("ext_authz")]
    typed: dict[str, Any] = found["typed_config"]
    return typed


CASES: dict[str, Case] = {
    "unauthenticated": Case(token="wrong"),
    "stream_unauthenticated": Case(change=_with_a_logger_of_a_mesh),
    "http1": Case(tls=False, envoy_tls=False, change=_without_http2),
    "no_alpn": Case(change=_without_alpn),
    "not_grpc": Case(change=_with_http_service),
    "unexpected_tls": Case(tls=False),
    "no_tls": Case(envoy_tls=False),
    "tls_certificate_missing": Case(asks_for_certificate=True),
    "tls_certificate_not_trusted": Case(asks_for_certificate=True, certificate_of="theirs"),
    "tls_our_certificate_refused": Case(trusts="theirs"),
    "tls_mismatch": Case(change=_with_an_old_cipher),
}
NO_ENVOY = {
    "unknown_method",  # an Envoy with the methods of version 2 of its protocol is no longer built
    "no_http2",  # no Envoy speaks anything else
}


def test_every_kind_is_caused_by_an_envoy_or_cannot_be() -> None:
    """A new kind needs a case."""
    assert set(CASES) | NO_ENVOY == set(REFUSALS)


@pytest.fixture
def authorities(tmp_path: Path) -> dict[str, Authority]:
    """Ours, and one that signs for others."""
    found = {}
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        found[name] = Authority(tmp_path / name)
    return found


def bootstrap_of(case: Case, adapter: str, authorities: dict[str, Authority]) -> str:
    """Envoy's configuration in this case."""
    tls = None
    if case.envoy_tls:
        own = authorities[case.certificate_of].issue("envoy") if case.certificate_of else None
        tls = AdapterTls(
            str(authorities[case.trusts].certificate),
            str(own.certificate) if own else None,
            str(own.key) if own else None,
        )
    quick = QUICK_AND_PATIENT | {"token": case.token, "check_timeout_s": 1.0}
    config = envoy_config((ApiRoute("open", "127.0.0.1:1"),), (adapter,), adapter_tls=tls, **quick)
    bootstrap: Bootstrap = yaml.safe_load(render(config))
    case.change(bootstrap)
    return str(yaml.safe_dump(bootstrap))


async def refusals(case: Case, authorities: dict[str, Authority], directory: Path) -> set[str]:
    """The kinds that are reported when an Envoy has asked about a request."""
    identity = authorities["ours"].issue("adapter", case.alternative_names)
    ca = authorities["ours"].certificate if case.asks_for_certificate else None
    tls = server_context(*identity, ca) if case.tls else None
    async with AdapterInProcess([api("open")], token=TOKEN, tls=tls) as adapter:
        config = bootstrap_of(case, adapter.address, authorities)
        async with Envoy(envoy_binary(NEWEST), config, directory, 1) as envoy:
            answer = await request(envoy.address, "any.test")
            assert answer.status >= 400
            await until(lambda: adapter.observed.refused)
        for _, peer, _ in adapter.observed.refused:
            assert peer.startswith("127.0.0.1:")
        return {kind for kind, _, _ in adapter.observed.refused}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", CASES)
async def test_each_mistake_has_its_word(
    kind: str, authorities: dict[str, Authority], tmp_path: Path
) -> None:
    """One word, and the address of the Envoy that has to be changed."""
    assert await refusals(CASES[kind], authorities, tmp_path) == {kind}


@pytest.mark.asyncio(loop_scope="session")
async def test_a_certificate_for_another_address(
    authorities: dict[str, Authority], tmp_path: Path
) -> None:
    """Envoy does not accept it, and the adapter learns that from Envoy's alert."""
    case = Case(alternative_names=OTHER_HOST)
    assert await refusals(case, authorities, tmp_path) == {"tls_our_certificate_refused"}
