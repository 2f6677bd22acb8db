"""The composition root of the controller, from its start to its stop."""

import asyncio
import random
import secrets
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from adapter.controller.api_instances import ApiInstances
from adapter.controller.core.desired_objects import CONTROLLER
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.resources import (
    API_BINDING,
    DEPLOYMENT,
    LEASE,
    Key,
    Resource,
    read_for,
    written_for,
)
from adapter.controller.events import SuggestionEvents
from adapter.controller.kubernetes.api_server import ApiServer, in_cluster
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.lease import Lease
from adapter.controller.kubernetes.watched import WatchedResource
from adapter.controller.mesh_writer import MeshWriter
from adapter.controller.reconciler import Reconciler
from adapter.errors import ConfigurationError
from adapter.operations.listener import OperatorListener
from adapter.operations.probes import Readiness, probe_routes
from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.exchange import Exchange, SettingNames
from adapter.platform_client.protocol.authorized_exchange import AuthorizedExchange
from adapter.platform_client.protocol.options import PlatformOptions
from adapter.platform_client.protocol.token import TokenSource
from adapter.runtime.authorities import authorities
from adapter.runtime.clock import Clock, SystemClock
from adapter.runtime.fairness import LoopTurns
from adapter.runtime.supervision import Supervisor
from adapter.runtime.system_errors import system_words
from adapter.runtime.version import program_version
from adapter.settings.controller import ControllerSettings, read_token
from adapter.telemetry.metrics import Metrics

_MAX_RESPONSE_BYTES = 64 * 1024 * 1024
_NAMES = SettingNames(
    url="kubernetes.url",
    timeout="kubernetes.request_timeout_s",
    max_response_bytes="the limit of this program",
    authorities="kubernetes.ca_file",
)


class Controller:
    """One controller, made from its settings. Create it in the event loop.

    Raises ConfigurationError if a file of the settings cannot be read, or if there is no API
    server.
    """

    def __init__(self, settings: ControllerSettings, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        self._settings = settings
        self._clock = clock
        self.metrics = Metrics()
        self.address = ""
        """Of the probes, once it has started."""
        self._supervisor = Supervisor(clock, self._count_crash)
        self._changed = asyncio.Event()
        self._options = _options(settings)
        server = _api_server(settings)
        self._https = [_http(server.ca_file, _NAMES)]
        self._client = KubernetesClient(
            server,
            _exchange(self._https[0], settings.kubernetes.request_timeout_s, _NAMES),
            partial(_given, self._https[0]),
            clock,
            f"policy-adapter-controller/{settings.name}",
        )
        self._lease = Lease(self._client, _lease_key(settings), _holder(settings), clock)
        self._read = [self._watched(r) for r in (API_BINDING, *read_for(settings.mesh))]
        label = f"{CONTROLLER}={settings.name}"
        self._written = [self._watched(r, label) for r in written_for(settings.mesh)]
        self._reconciler = Reconciler(
            self._options,
            self._client,
            read=self._read,
            written=self._written,
            changed=self._changed,
            leadership=self._lease,
            apis=self._api_instances(),
            writer=MeshWriter(self._client, _deployment(settings), self._wrote),
            events=SuggestionEvents(self._client, clock),
            clock=clock,
            jitter=random.random,
        )
        self._listener = OperatorListener(
            settings.observability.metrics_address,
            probe_routes(
                render_metrics=self.metrics.render,
                readiness=self.readiness,
                crashed_tasks=self._crashed,
                version=program_version(),
            ),
            clock,
        )
        self._observe()

    async def start(self) -> None:
        """Start all tasks. Raises ConfigurationError if the address cannot be bound."""
        self.address = await self._listener.start()
        structlog.get_logger().info(
            "controller.started", mesh=self._settings.mesh, version=program_version()
        )
        for watched in (*self._read, *self._written):
            self._supervisor.start(f"watch {watched.resource.plural}", watched.run)
        self._supervisor.start("lease", self._lease.run)
        self._supervisor.start("rounds", self._reconciler.run)

    async def stop(self) -> None:
        """End the rounds, and give the Lease back."""
        await self._supervisor.stop()
        await self._lease.release()
        await self._listener.stop()
        for http in self._https:
            await http.close()
        structlog.get_logger().info("controller.stopped")

    def readiness(self) -> Readiness:
        """Ready once the cluster has been read; a controller on standby is ready, too."""
        troubles = {
            f"watch {w.resource.plural}": w.last_error
            for w in (*self._read, *self._written)
            if w.last_error
        }
        if self._lease.last_error:
            troubles["lease"] = self._lease.last_error
        for number, failure in enumerate(self._reconciler.last_failures):
            troubles[f"write {number + 1}"] = failure
        return Readiness(self._reconciler.is_synced, troubles)

    def _watched(self, resource: Resource, selector: str = "") -> WatchedResource:
        # The Envoys of a namespace's routes may be elsewhere.
        namespace = self._settings.kubernetes.namespace if resource == API_BINDING else None
        return WatchedResource(
            self._client,
            resource,
            self._clock,
            random.random,
            changed=self._changed.set,
            failed=lambda kind: self.metrics.add(
                "adapter_controller_watch_failures", resource=kind
            ),
            namespace=namespace,
            selector=selector,
        )

    def _api_instances(self) -> ApiInstances:
        platform = self._settings.platform
        if platform.base_url is None:
            return ApiInstances(None, "", "", "")
        url = str(platform.base_url).rstrip("/")
        http = _http(None, SettingNames())
        self._https.append(http)
        exchange = _exchange(http, platform.request_timeout_s, SettingNames())
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

    def _count_crash(self, task: str) -> None:
        self.metrics.add("adapter_task_crashes", task=task)

    def _wrote(self, verb: str, result: str) -> None:
        self.metrics.add("adapter_controller_writes", verb=verb, result=result)

    def _observe(self) -> None:
        observe = self.metrics.observe
        rounds = self._reconciler
        observe("adapter_controller_rounds", lambda: {(r,): n for r, n in rounds.rounds.items()})
        observe("adapter_controller_bindings", lambda: {**rounds.conditions})
        observe("adapter_controller_leading", lambda: {(): float(self._lease.is_held)})

    def _crashed(self) -> dict[str, str]:
        health = self._supervisor.health
        return {name: h.last_error for name, h in health.items() if h.last_error}


async def serve_controller(
    settings: ControllerSettings, announce: Callable[[str], None], stopping: asyncio.Event
) -> None:
    """Run a controller until `stopping` is set."""
    controller = Controller(settings)
    try:
        await controller.start()
        announce(controller.address)
        await stopping.wait()
    finally:
        await controller.stop()


def _options(settings: ControllerSettings) -> MeshOptions:
    rendered = settings.rendered
    return MeshOptions(
        controller=settings.name,
        mesh=settings.mesh,
        adapter=settings.adapter,
        header_prefix=rendered.identity_header_prefix,
        client_address_header=rendered.client_address_header,
        token=read_token(settings),
        trusted_hops=rendered.trusted_hops,
        settings_name=rendered.config_map,
    )


def _api_server(settings: ControllerSettings) -> ApiServer:
    kubernetes = settings.kubernetes
    if kubernetes.url is None:
        return in_cluster()
    return ApiServer(str(kubernetes.url).rstrip("/"), kubernetes.token_file, kubernetes.ca_file)


def _deployment(settings: ControllerSettings) -> Key | None:
    name = settings.rendered.deployment
    return None if name is None else Key(DEPLOYMENT, settings.adapter.namespace, name)


def _lease_key(settings: ControllerSettings) -> Key:
    lease = settings.lease
    return Key(LEASE, lease.namespace or settings.adapter.namespace, lease.name)


def _holder(settings: ControllerSettings) -> str:
    return settings.lease.holder or f"{socket.gethostname()}_{secrets.token_hex(4)}"


def _http(ca_file: Path | None, names: SettingNames) -> AiohttpClient:
    try:
        return AiohttpClient(authorities(ca_file), names)
    except OSError as e:
        raise ConfigurationError(
            f"{names.authorities}: cannot be read: {system_words(e)}"
        ) from None


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
