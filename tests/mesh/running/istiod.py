"""Starts the real istiod without Kubernetes, and Envoys that it configures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from support.processes import Program
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.imitations.parts import ON_LOOPBACK, cluster, http2
from tests.rig.istio_programs import VERSION, istio_program

_DISCOVERY: Final = "127.0.0.1:15010"
_SERVING: Final = "starting gRPC discovery service"
_READ: Final = "XDS: Pushing"
"""What istiod logs when it has started, and when it has read objects."""


@asynccontextmanager
async def running_istiod(
    config: dict[str, Any], objects: str, directory: Path
) -> AsyncIterator[None]:
    """Istiod, which has read the objects."""
    mesh, folder = directory / "mesh.yaml", directory / "objects"
    # Otherwise clusters wait for certificates, which istiod gives to Istio's agent alone.
    mesh.write_text(yaml.safe_dump({**config, "enableAutoMtls": False}))
    folder.mkdir()
    command = [
        *("env", "PILOT_ENABLE_METADATA_EXCHANGE=false", str(istio_program("pilot-discovery"))),
        *("discovery", "--registries=", "--configDir", str(folder), "--meshConfig", str(mesh)),
        *("--grpcAddr", _DISCOVERY, "--httpsAddr", "", "--secureGRPCAddr", ""),
        *("--httpAddr", "127.0.0.1:0", "--monitoringAddr", "127.0.0.1:0"),
    ]
    program = Program("istiod", command, directory / "istiod.log")
    await program.start()

    async def serves() -> bool:
        return _SERVING in program.log.read_text()

    async def has_read() -> bool:
        return _READ in program.log.read_text()

    try:
        await program.until(serves)
        # Objects that are there at the start may be read before istiod knows what to do with them.
        (folder / "objects.yaml").write_text(objects)
        await program.until(has_read)
        yield
    finally:
        await program.stop()


@asynccontextmanager
async def envoy_of_istio(
    kind: str, labels: dict[str, str], directory: Path, certificates: str = ""
) -> AsyncIterator[Envoy]:
    """An Envoy that asks istiod for its configuration."""
    name = next(iter(labels.values()))
    # Its address must not be that of a service.
    node = f"{kind}~127.0.0.9~{name}-0.shop~shop.svc.cluster.local"
    metadata: dict[str, Any] = {
        "NAMESPACE": "shop",
        "ISTIO_VERSION": VERSION,
        "CLUSTER_ID": "Kubernetes",
        "LABELS": labels,
        **({"INTERCEPTION_MODE": "NONE"} if kind == "sidecar" else {}),
    }
    config = yaml.safe_dump(_bootstrap(node, metadata, certificates))
    async with Envoy(envoy_binary(NEWEST), config, directory / name) as envoy:
        yield envoy


def _bootstrap(node: str, metadata: dict[str, Any], certificates: str) -> dict[str, Any]:
    ads = {"ads": {}, "resource_api_version": "V3"}
    clusters = [cluster("istiod", _DISCOVERY, **http2())]
    if certificates:
        clusters.append(cluster("sds-grpc", certificates, **http2()))
    grpc_service = {"envoy_grpc": {"cluster_name": "istiod"}}
    return {
        "node": {"id": node, "cluster": "shop", "metadata": metadata},
        "admin": {"address": ON_LOOPBACK},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [grpc_service],
            },
            "lds_config": ads,
            "cds_config": ads,
        },
        "static_resources": {"clusters": clusters},
    }
