"""Runs the real Envoy Gateway without Kubernetes, and sends requests through its Envoy."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography import x509

from adapter.envoy_config.mesh import MeshPlan
from support.processes import Program
from support.upstream import ECHO
from tests.mesh.examples import TOKEN
from tests.mesh.running.guides import parts_of
from tests.mesh.running.requests import Case, send_all, until_served
from tests.mesh.running.site import Site, running_site
from tests.rig.certificates import Authority
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.go_toolchain import installed
from tests.rig.mesh_plans import example, rendered

VERSION: Final = "v1.9.0"
_EXPECTED_ENVOY: Final = "1.39.0"
"""Envoy Gateway starts the Envoy in the folder of this version."""
_LOST: Final = "Unable to find xds resources"
"""What the status of an EnvoyPatchPolicy says if a patch names nothing."""
_ADDRESS: Final = "127.0.0.1:8080"
BESIDE: Final = Path(__file__).parents[1] / "envoy-gateway.yaml"
_CA: Final = "policy-adapter-ca"
_CLIENT: Final = "envoy-client"
"""The Secrets of the guide."""
_RULE: Final = "reports"
_GROUP: Final = "gateway.envoyproxy.io"


def program() -> Path:
    """Envoy Gateway itself; builds it if it is missing."""
    return installed("github.com/envoyproxy/gateway/cmd/envoy-gateway", VERSION)


async def run_envoy_gateway(directory: Path) -> list[str]:
    """Lines about an Envoy that sends a token; raises an error if an answer is wrong."""
    documents = [d.content for d in rendered("envoy-gateway", _plan(), token=TOKEN)]
    return await run_with("Envoy Gateway, token", documents, {"token": TOKEN}, directory)


async def run_envoy_gateway_with_tls(directory: Path) -> list[str]:
    """The same with mutual TLS between Envoy and the adapter, in place of the token."""
    plan = _plan()
    plan["adapter"] |= {"tls_ca_secret": _CA, "tls_client_secret": _CLIENT}
    documents = [d.content for d in rendered("envoy-gateway", plan, serves_tls=True)]
    authority = Authority(directory)
    name = x509.DNSName(MeshPlan.model_validate(plan).adapter.host)
    own, client = authority.issue("adapter", [name]), authority.issue("client")
    listener = {
        "tls_certificate_file": str(own.certificate),
        "tls_key_file": str(own.key),
        "tls_client_ca_file": str(authority.certificate),
    }
    documents += [
        _secret(_CA, "Opaque", {"ca.crt": authority.certificate}),
        _secret(
            _CLIENT, "kubernetes.io/tls", {"tls.crt": client.certificate, "tls.key": client.key}
        ),
    ]
    return await run_with("Envoy Gateway, mutual TLS", documents, listener, directory)


async def run_with(
    mesh: str,
    documents: list[Any],
    listener: dict[str, str],
    directory: Path,
    cases_of: Callable[[Site], list[Case]] | None = None,
) -> list[str]:
    """The first document has the adapter's settings; the others are objects."""
    async with (
        running_site(documents[0], directory, listener) as site,
        _running(documents[1:], site, directory),
    ):
        await until_served(_ADDRESS, "users.test")
        cases = (cases_of or _cases)(site)
        return [
            await send_all(mesh, _ADDRESS, cases, site),
            await site.spans.joined(mesh, len(cases)),
        ]


def _plan() -> dict[str, Any]:
    """The example in one namespace, with a rule that has an API of its own.

    Without Kubernetes, Envoy Gateway's objects have no kind, so no ReferenceGrant allows theirs.
    """
    plan = example("envoy-gateway")
    for api in plan["envoys"][0]["apis"]:
        if "route" in api:
            api["route"] = api["route"].replace("/shop/", "/default/")
    plan["envoys"][0]["apis"].append({"api_id": 6, "route": f"HTTPRoute/default/files#{_RULE}"})
    return plan


def _cases(site: Site) -> list[Case]:
    return [
        Case("orders.test", "/1", 401, "orders"),
        Case("orders.test", "/1", 200, "orders", site.credentials),
        Case("greeter.test", ECHO, 200, "greeter"),
        Case("users.test", "/1", 200, "users"),
        Case("files.test", "/files/1", 200, "files"),
        Case("files.test", "/reports/1", 200, "bills"),
        Case("files.test", "/other", 403),
        Case("users.test", "/1;x/2", 400, "users"),
    ]


@asynccontextmanager
async def _running(objects: list[Any], site: Site, directory: Path) -> AsyncIterator[None]:
    home = directory / "envoy-gateway"
    conf = home / "conf"
    conf.mkdir(parents=True)
    (conf / "objects.yaml").write_text(_standalone_objects(objects, site))
    envoy = home / "data" / "envoy-versions" / _EXPECTED_ENVOY / "bin" / "envoy"
    envoy.parent.mkdir(parents=True)
    envoy.symlink_to(envoy_binary(NEWEST))
    settings = home / "settings.yaml"
    settings.write_text(yaml.safe_dump(_settings(home)))
    certificates = [str(program()), "certgen", "--local", "--config-home", str(home / "config")]
    made = Program("certgen", certificates, home / "certgen.log")
    await made.start()
    await made.until_exit()
    command = [str(program()), "server", "--config-path", str(settings)]
    server = Program("Envoy Gateway", command, home / "server.log")
    await server.start()
    try:
        yield
    finally:
        await server.stop()
    if lost := [line for line in server.log.read_text().splitlines() if _LOST in line]:
        raise RuntimeError(f"Envoy Gateway leaves patches out: {lost[0].strip()}")


def _settings(home: Path) -> dict[str, Any]:
    """Those of the server: it reads a folder, and starts Envoy itself."""
    homes = {
        name: str(home / folder)
        for name, folder in (
            ("configHome", "config"),
            ("dataHome", "data"),
            ("stateHome", "state"),
            ("runtimeDir", "run"),
        )
    }
    return {
        "apiVersion": f"{_GROUP}/v1alpha1",
        "kind": "EnvoyGateway",
        "gateway": {"controllerName": f"{_GROUP}/gatewayclass-controller"},
        "provider": {
            "type": "Custom",
            "custom": {
                "resource": {"type": "File", "file": {"paths": [str(home / "conf")]}},
                "infrastructure": {"type": "Host", "host": homes},
            },
        },
        "extensionApis": {"enableBackend": True, "enableEnvoyPatchPolicy": True},
    }


def _standalone_objects(objects: list[Any], site: Site) -> str:
    """The rendered objects, and those beside them, where there are neither Services nor DNS.

    Without Kubernetes, Envoy Gateway's names of clusters begin with `/`.
    """
    beside = [o for o in yaml.safe_load_all(BESIDE.read_text()) if o["kind"] != "Service"]
    for content in objects:
        if content["kind"] == "Backend":
            content["spec"]["endpoints"] = [_endpoint(site.adapter)]
        elif content["kind"] == "EnvoyProxy":
            content["spec"]["extraArgs"] = ["--disable-hot-restart"]
            content["spec"]["telemetry"] |= _tracing()
    for content in beside:
        if content["kind"].endswith("Route"):
            content["metadata"]["namespace"] = "default"
            reference = {"group": _GROUP, "kind": "Backend", "name": content["kind"].lower()}
            content["spec"]["rules"] = [{"backendRefs": [reference]}]
            if content["metadata"]["name"] == "files":
                path = {"type": "PathPrefix", "value": "/reports"}
                rule = {"name": _RULE, "matches": [{"path": path}], "backendRefs": [reference]}
                content["spec"]["rules"].append(rule)
    services = [
        _backend("httproute", site.service),
        _backend("grpcroute", site.grpc_service),
        _backend("collector", site.spans.address),
    ]
    text = yaml.safe_dump_all([*beside, *services, *objects])
    return text.replace("name: securitypolicy/", "name: /")


def _backend(name: str, address: str) -> dict[str, Any]:
    """A service, which speaks HTTP/2 unless routes for HTTP use it."""
    protocols = {} if name == "httproute" else {"appProtocols": [f"{_GROUP}/h2c"]}
    return {
        "apiVersion": f"{_GROUP}/v1alpha1",
        "kind": "Backend",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"endpoints": [_endpoint(address)], **protocols},
    }


def _secret(name: str, kind: str, files: dict[str, Path]) -> dict[str, Any]:
    data = {key: base64.b64encode(file.read_bytes()).decode() for key, file in files.items()}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "data": data}


def _tracing() -> dict[str, Any]:
    """What the guide adds to the EnvoyProxy, with a Backend in place of the Service."""
    (part,) = parts_of("envoy-gateway.md")
    (reference,) = part["tracing"]["provider"]["backendRefs"]
    del reference["port"]
    reference |= {"group": _GROUP, "kind": "Backend"}
    return dict(part)


def _endpoint(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"ip": {"address": host, "port": int(port)}}
