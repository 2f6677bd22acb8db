"""Runs the real istiod without Kubernetes, and sends requests through Envoys that it configures."""

from pathlib import Path
from typing import Any, Final

from support.upstream import ECHO
from tests.mesh.examples import TOKEN
from tests.mesh.running.istio_certificates import principal, serving_certificates
from tests.mesh.running.istio_objects import SIDECARS, mesh_config, objects_beside
from tests.mesh.running.istiod import envoy_of_istio, running_istiod
from tests.mesh.running.requests import Case, send_all, until_served
from tests.mesh.running.site import Site, running_site
from tests.rig.mesh_plans import example, rendered

_GATEWAY: Final = "127.0.0.1:8080"
_PORT: Final = "127.0.0.1:5432"


async def run_istio(directory: Path) -> list[str]:
    """A line for each Envoy and port; raises an error if an answer is not as it should be."""
    return await _run(directory, None)


async def run_istio_with_token(directory: Path) -> list[str]:
    """The same with a token, for which the access log is part of the EnvoyFilter."""
    return await _run(directory, TOKEN)


async def _run(directory: Path, token: str | None) -> list[str]:
    documents = [d.content for d in rendered("istio", _plan(), token=token)]
    mesh = "Istio, token" if token else "Istio, Telemetry"
    async with (
        running_site(documents[0], directory, {"token": token} if token else {}) as site,
        running_istiod(mesh_config(documents[1]), objects_beside(documents[2:], site), directory),
    ):
        async with envoy_of_istio("router", {"istio": "ingressgateway"}, directory):
            await until_served(_GATEWAY, "files.test", "/files/1")
            lines = [
                await send_all(f"{mesh}, gateway", _GATEWAY, _gateway_cases(site), site),
                await site.spans.joined(f"{mesh}, gateway", len(_gateway_cases(site))),
                await send_all(f"{mesh}, port without HTTP", _PORT, _PORT_CASES, site),
            ]
        for name, address in SIDECARS.items():
            async with (
                serving_certificates(name, directory) as certificates,
                envoy_of_istio("sidecar", {"app": name}, directory, certificates.address),
            ):
                tls = certificates.client() if name == "ledger" else None
                await until_served(address, name, tls=tls)
                lines.append(
                    await send_all(f"{mesh}, sidecar of {name}", address, _CASES[name], site, tls)
                )
    return lines


def _plan() -> dict[str, Any]:
    """The example, and a workload that is bound by the principal in its certificate."""
    plan = example("istio")
    by_principal = {"api_id": 8, "principal": principal("ledger")}
    sidecar = {"kind": "sidecar", "name": "ledger", "namespace": "shop"}
    plan["envoys"].append({**sidecar, "labels": {"app": "ledger"}, "apis": [by_principal]})
    return plan


_PORT_CASES: Final = [Case("", "", 0, "database")]
_CASES: Final = {
    "orders": [
        Case("orders.shop", "/1", 200, "workload"),
        Case("files.test", "/files/1", 200, "workload"),
    ],
    "ledger": [
        Case("ledger.shop", "/1", 200, "ledger"),
        Case("files.test", "/files/1", 200, "ledger"),
    ],
}
"""Whatever host a client names, the workload's API decides."""


def _gateway_cases(site: Site) -> list[Case]:
    return [
        Case("shop.test", "/orders/1", 401, "orders"),
        Case("shop.test", "/orders/1", 200, "orders", site.credentials),
        Case("greeter.test", ECHO, 200, "greeter"),
        Case("shop.test", "/users/1", 200, "users"),
        Case("files.test", "/files/1", 200, "files"),
        Case("files.test", "/other", 403),
        Case("shop.test", "/other", 403),
        Case("shop.test", "/users;x/1", 400, "users"),
    ]
