"""The parts of the controller, as its settings say."""

import random
import secrets
import socket
from functools import partial
from pathlib import Path
from typing import Final

from adapter.controller.api_instances import ApiInstances
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.resources import LEASE, Key
from adapter.controller.kubernetes.api_server import ApiServer, in_cluster
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.errors import ConfigurationError
from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.exchange import PLATFORM_SETTINGS, Exchange, SettingNames
from adapter.platform_client.protocol.authorized_exchange import AuthorizedExchange
from adapter.platform_client.protocol.options import PlatformOptions
from adapter.platform_client.protocol.token import TokenSource
from adapter.runtime.authorities import authorities
from adapter.runtime.clock import Clock
from adapter.runtime.fairness import LoopTurns
from adapter.runtime.system_errors import system_words
from adapter.settings.controller import ControllerSettings, read_token

_MAX_RESPONSE_BYTES: Final = 64 * 1024 * 1024
_LONGEST_MANAGER: Final = 128
"""The API server refuses longer names of field managers."""
_NAMES: Final = SettingNames(
    url="kubernetes.url",
    timeout="kubernetes.request_timeout_s",
    max_response_bytes="the limit of this program",
    authorities="kubernetes.ca_file",
)


class Connections:
    """The HTTP clients of the API server and of the platform.

    Create it in the event loop. Raises ConfigurationError if CAs cannot be read.
    """

    def __init__(self, settings: ControllerSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._server = _api_server(settings)
        self._clients: list[AiohttpClient] = []

    def kubernetes(self) -> KubernetesClient:
        """The client of the API server."""
        http = self._open(self._server.ca_file, _NAMES)
        return KubernetesClient(
            self._server,
            _exchange(http, self._settings.kubernetes.request_timeout_s, _NAMES),
            partial(_given, http),
            self._clock,
            _field_manager(self._settings),
        )

    def api_instances(self) -> ApiInstances:
        """What asks the platform, if the settings name one."""
        platform = self._settings.platform
        if platform.base_url is None:
            return ApiInstances(None, "", "", "")
        url = str(platform.base_url).rstrip("/")
        http = self._open(None, PLATFORM_SETTINGS)
        exchange = _exchange(http, platform.request_timeout_s, PLATFORM_SETTINGS)
        options = PlatformOptions(
            base_url=url,
            organization_id=platform.organization_id,
            environment_id=platform.environment_id,
            client_id=platform.client_id,
            client_secret=platform.client_secret.get_secret_value(),
            analytics_base_url="",
            request_timeout_s=platform.request_timeout_s,
            max_response_bytes=_MAX_RESPONSE_BYTES,
            concurrency=1,
        )
        tokens = TokenSource(exchange, options, self._clock, random.random)
        send = AuthorizedExchange(exchange, tokens, self._clock, (url,)).send
        return ApiInstances(send, url, platform.organization_id, platform.environment_id)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.close()

    def _open(self, ca_file: Path | None, names: SettingNames) -> AiohttpClient:
        try:
            client = AiohttpClient(authorities(ca_file), names)
        except OSError as e:
            raise ConfigurationError(
                f"{names.authorities}: cannot be read: {system_words(e)}"
            ) from None
        self._clients.append(client)
        return client


def mesh_options(settings: ControllerSettings) -> MeshOptions:
    """What the pure parts need. Raises ConfigurationError if the token cannot be read."""
    rendered = settings.rendered
    return MeshOptions(
        controller=settings.name,
        mesh=settings.mesh,
        adapter=settings.adapter,
        header_prefix=rendered.identity_header_prefix,
        client_address_header=rendered.client_address_header,
        token=read_token(settings),
        trusted_hops=rendered.trusted_hops,
        namespace=settings.kubernetes.namespace,
        bindings_name=rendered.config_map or f"{settings.name}-bindings",
    )


def lease_key(settings: ControllerSettings) -> Key:
    """Which Lease."""
    lease = settings.lease
    name = lease.name or f"{settings.name}-controller"
    return Key(LEASE, lease.namespace or settings.adapter.namespace, name)


def lease_holder(settings: ControllerSettings) -> str:
    """What this process calls itself."""
    return settings.lease.holder or f"{socket.gethostname()}_{secrets.token_hex(4)}"


def _field_manager(settings: ControllerSettings) -> str:
    """Tells installations apart, so that the API server sees when two want the same object."""
    name = f"policy-adapter-controller/{settings.adapter.namespace}/{settings.name}"
    return name[:_LONGEST_MANAGER]


def _api_server(settings: ControllerSettings) -> ApiServer:
    kubernetes = settings.kubernetes
    if kubernetes.url is None:
        return in_cluster()
    return ApiServer(str(kubernetes.url).rstrip("/"), kubernetes.token_file, kubernetes.ca_file)


def _exchange(http: AiohttpClient, timeout_s: float, names: SettingNames) -> Exchange:
    return Exchange(
        partial(_given, http),
        LoopTurns(),
        timeout_s=timeout_s,
        max_response_bytes=_MAX_RESPONSE_BYTES,
        names=names,
    )


async def _given(http: AiohttpClient) -> AiohttpClient:
    return http
