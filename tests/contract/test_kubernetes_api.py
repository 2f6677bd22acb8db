"""What the controller relies on in an API server, on the fake one; `make mesh` has a real one."""

from collections.abc import Awaitable, Callable

import pytest

from adapter.controller.kubernetes.client import KubernetesClient
from tests.rig.api_server_contract import CONTRACT
from tests.rig.fake_api_server import FakeApiServer
from tests.rig.kubernetes_client import kubernetes_client


@pytest.mark.parametrize("part", CONTRACT, ids=lambda part: part.__name__)
async def test_the_fake_api_server_keeps_the_contract(
    part: Callable[[KubernetesClient, KubernetesClient], Awaitable[None]],
) -> None:
    """Two clients, which are two field managers."""
    server = FakeApiServer()
    server.absent.add("absent")
    async with (
        server.serving(),
        kubernetes_client(server.url) as client,
        kubernetes_client(server.url, "other") as other,
    ):
        await part(client, other)
