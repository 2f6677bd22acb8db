"""Clients of an API server for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapter.controller.kubernetes.api_server import ApiServer
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.exchange import Exchange
from adapter.runtime.authorities import authorities
from adapter.runtime.clock import SystemClock
from adapter.runtime.fairness import LoopTurns


@asynccontextmanager
async def kubernetes_client(url: str, manager: str = "contract") -> AsyncIterator[KubernetesClient]:
    """A client with this name as a field manager."""
    http = AiohttpClient(authorities())

    async def opened() -> AiohttpClient:
        return http

    exchange = Exchange(opened, LoopTurns(), timeout_s=10, max_response_bytes=2**26)
    server = ApiServer(url, None, None)
    try:
        yield KubernetesClient(server, exchange, opened, SystemClock(), manager)
    finally:
        await http.close()
