"""The composition root: the only module that names concrete classes."""

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import structlog

from adapter import garbage
from adapter.analytics.access_log import METHOD_PATH, AccessLogService
from adapter.analytics.entries import EntryTranslator
from adapter.analytics.event import EventEncoder, EventOrigin
from adapter.analytics.spool import BatchLimit, MemorySpool
from adapter.analytics.uploader import EventUploader, UploadOptions
from adapter.authorization.authorizer import Authorizer
from adapter.authorization.discovery import DiscoveredServices
from adapter.authorization.gatekeeper import Gatekeeper
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.authorization.tally import DecisionTally
from adapter.clock import Clock, SystemClock
from adapter.counters import AnalyticsCounters, CheckCounters, SyncCounters
from adapter.envoy_config import api_of_route
from adapter.ext_authz.request import RequestReader
from adapter.ext_authz.response import ResponseWriter
from adapter.ext_authz.service import AuthorizationService
from adapter.observability import Telemetry
from adapter.operations.inspection import inspection_routes
from adapter.operations.listener import OperatorListener
from adapter.operations.probes import Readiness, probe_routes
from adapter.platform_client.client import PlatformClient
from adapter.platform_client.disk_copy import DiskCopy
from adapter.platform_client.options import PlatformOptions
from adapter.platform_client.sync import PlatformSync
from adapter.policy.attributes import RequestAttributes
from adapter.policy.bindings import ApiBinding, BindingTable
from adapter.policy.catalog import ApiInstance
from adapter.policy.decision import Deny
from adapter.quota.memory import MemoryQuotaStore
from adapter.settings import Settings
from adapter.supervision import Supervisor
from adapter.transport.caller_token import CallerToken
from adapter.transport.grpcio_server import GrpcioServer, ServerOptions
from adapter.transport.service import ClientStreamMethod, Method, Server

_SERVING_CHECK_S: Final = 0.1
_DEPLOYMENT_TYPE: Final = "HY"
"""What the vendor calls a gateway that its customer runs."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running adapter can be reached."""

    grpc: tuple[str, ...]
    metrics: str
    inspection: str | None


class Adapter:
    """One adapter process: built from settings, started and stopped in order.

    Start: disk copy and sync, operators' listeners, gRPC; health turns SERVING once every API is
    loaded or has definitely failed. Stop: health, drain, gRPC, last events, sync, listeners.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._telemetry = Telemetry()
        self._supervisor = Supervisor(self._clock, self._count_crash)
        self._tally = DecisionTally()
        self._discovered = DiscoveredServices()
        self._snapshots = SnapshotStore(self._clock)
        self._bindings = BindingTable(_bindings(settings))
        self._quotas = MemoryQuotaStore(self._clock, max_windows=settings.quota.max_windows)
        self._http = httpx.AsyncClient()
        self._client = PlatformClient(self._http, platform_options(settings), self._clock)
        self._sync = self._make_sync()
        self._spool = self._make_spool()
        self._uploader = self._make_uploader()
        self._server = self._make_server()
        self._listeners = self._make_listeners()
        self._serving = False
        self._observe()

    async def start(self) -> Endpoints:
        """Start everything; raises ConfigurationError where an address cannot be bound."""
        log = structlog.get_logger()
        if self._bindings.trusts_authority:
            log.warning("bindings.trust_authority", advice="list the domains in Envoy, too")
        garbage.calm()
        await self._sync.restore()
        await self._server.start()
        metrics, *inspection = [await listener.start() for listener in self._listeners]
        self._supervisor.start("sync", self._sync.run)
        self._supervisor.start("serving", self._keep_serving_status)
        if self._settings.analytics.enabled:
            self._supervisor.start("upload", self._uploader.run)
        endpoints = Endpoints(self._server.addresses, metrics, next(iter(inspection), None))
        log.info("adapter.started", **asdict(endpoints))
        return endpoints

    async def stop(self) -> None:
        """Stop without losing a request or an event, within the deadlines of the settings."""
        log = structlog.get_logger()
        log.info("adapter.stopping")
        await self._supervisor.stop("serving")
        self._serving = False
        await self._server.drain_and_stop()
        await self._supervisor.stop()
        await self._uploader.flush(self._settings.shutdown.deadline_s)
        await self._spool.close()
        for listener in self._listeners:
            await listener.stop()
        await self._http.aclose()
        self._telemetry.close()
        log.info("adapter.stopped")

    def _make_sync(self) -> PlatformSync:
        options = platform_options(self._settings)
        directory = self._settings.disk_copy.directory
        disk = _disk_copy(directory, options, self._clock) if directory else None
        return PlatformSync(
            self._client,
            self._snapshots,
            options,
            self._clock,
            disk=disk,
            observer=SyncCounters(self._telemetry, garbage.settle),
        )

    def _make_spool(self) -> MemorySpool:
        analytics = self._settings.analytics
        counters = AnalyticsCounters(self._telemetry)
        return MemorySpool(analytics.max_events, analytics.max_bytes, counters)

    def _make_uploader(self) -> EventUploader:
        analytics = self._settings.analytics
        batch = BatchLimit(analytics.batch_events, 4 * 1024 * 1024)
        options = UploadOptions(batch=batch, max_age_s=analytics.batch_age_s)
        counters = AnalyticsCounters(self._telemetry)
        return EventUploader(self._spool, self._client, self._clock, options, observer=counters)

    def _make_server(self) -> Server:
        listener, shutdown = self._settings.listener, self._settings.shutdown
        options = ServerOptions(
            (listener.address,),
            socket_mode=int(listener.socket_mode, 8),
            socket_group=listener.socket_group,
            receive_limit_bytes=listener.max_message_bytes,
            drain_s=shutdown.drain_s,
            stop_s=shutdown.deadline_s,
        )
        counters = CheckCounters(self._telemetry, self._tally)
        return GrpcioServer(self._methods(counters), options, counters, self._clock)

    def _methods(self, counters: CheckCounters) -> tuple[Method, ...]:
        settings = self._settings
        requests, token = settings.requests, settings.listener.token
        caller = CallerToken(token.get_secret_value() if token else None)
        header = requests.client_address_header or ""
        checks = AuthorizationService(
            self._make_authorizer(),
            RequestReader(header, requests.forwarded_for_position),
            ResponseWriter(requests.identity_header_prefix, header),
            token=caller,
            observer=counters,
            clock=self._clock,
        )
        if not settings.analytics.enabled:
            return (checks.method,)
        return (checks.method, ClientStreamMethod(METHOD_PATH, self._access_logs(caller).open))

    def _make_authorizer(self) -> Authorizer:
        settings = self._settings
        gatekeeper = Gatekeeper(
            self._clock,
            self._sync,
            mode=settings.gatekeeper.mode,
            max_age_s=settings.gatekeeper.max_age_s,
        )
        return Authorizer(
            self._snapshots,
            self._bindings,
            gatekeeper,
            self._quotas,
            self._clock,
            unbound=settings.requests.unbound,
            discovered=self._discovered,
        )

    def _access_logs(self, caller: CallerToken) -> AccessLogService:
        settings = self._settings
        origin = EventOrigin(
            settings.platform.organization_id, socket.gethostname(), _DEPLOYMENT_TYPE
        )
        return AccessLogService(
            EntryTranslator(
                self._attribute, include_client_ip=settings.analytics.include_client_ip
            ),
            EventEncoder(origin),
            self._spool,
            self._clock,
            token=caller,
            observer=AnalyticsCounters(self._telemetry),
        )

    def _attribute(self, route_name: str, authority: str, path: str) -> ApiInstance | None:
        """The API that an access log entry belongs to whose request came to no decision.

        By binding, or by the name that `envoy-config` gives to an API's route: an entry does not
        tell the `api_id` of its route.
        """
        api_id = self._bindings.resolve(
            RequestAttributes("", "", path, authority, "", "", {}, None, route_name=route_name)
        )
        if isinstance(api_id, Deny):
            api_id = api_of_route(route_name)
        api = self._snapshots.current.apis.get(api_id)
        return api.instance if api else None

    def _make_listeners(self) -> tuple[OperatorListener, ...]:
        observability = self._settings.observability
        probes = probe_routes(
            render_metrics=self._telemetry.render,
            readiness=self.readiness,
            crashed_tasks=self._crashed_tasks,
        )
        listeners = [OperatorListener(observability.metrics_address, probes)]
        if observability.inspection_address is not None:
            routes = inspection_routes(self._snapshots, self._discovered, self._sync_status)
            listeners.append(OperatorListener(observability.inspection_address, routes))
        return tuple(listeners)

    def readiness(self) -> Readiness:
        """Whether Envoy is told to send Checks, and what an operator should look at."""
        status = self._sync.status()
        details = {f"alarm {n}": alarm for n, alarm in enumerate(status.alarms, 1)}
        details |= {f"api {a.api_id}": "; ".join(a.faults) for a in status.apis if a.faults}
        if not status.all_settled:
            waiting = [api.api_id for api in status.apis if not api.settled]
            details["waiting for"] = ", ".join(waiting) or "the list of API instances"
        return Readiness(self._serving, details)

    async def _keep_serving_status(self) -> None:
        """Serve once every API is loaded or has definitely failed; from then on, go on serving."""
        strict = self._settings.gatekeeper.mode == "strict"
        while not self._serving:
            if self._sync.all_settled and (self._sync.reached_platform or not strict):
                self._serving = True
                await self._server.set_serving(True)
                structlog.get_logger().info("adapter.serving")
            await self._clock.sleep(_SERVING_CHECK_S)
        await asyncio.Event().wait()

    def _crashed_tasks(self) -> Mapping[str, str]:
        tasks = self._supervisor.health.items()
        return {name: task.last_error for name, task in tasks if not task.running}

    def _sync_status(self) -> Mapping[str, Any]:
        return asdict(self._sync.status())

    def _count_crash(self, task: str) -> None:
        self._telemetry.add("adapter_task_crashes", task=task)

    def _observe(self) -> None:
        """Have the state that lives elsewhere read whenever metrics are."""
        observe, sync = self._telemetry.observe, self._sync
        self._telemetry.observe_durations(self._tally)
        observe("adapter_decisions", lambda: self._tally.counts)
        observe("adapter_unbound_requests_left_out", lambda: {(): self._discovered.left_out})
        observe("adapter_quota_windows", lambda: {(): len(self._quotas)})
        observe("adapter_quota_refused", lambda: {(): self._quotas.overloads})
        observe("adapter_snapshot_revision", lambda: {(): self._snapshots.current.revision})
        observe("adapter_events_waiting", lambda: {(): self._spool.backlog.events})
        observe("adapter_apis", self._api_counts)
        observe("adapter_contracts", self._contract_counts)
        observe(
            "adapter_sync_age_seconds",
            lambda: {(): self._clock.now() - at} if (at := sync.last_contact()) else {},
        )

    def _api_counts(self) -> Mapping[tuple[str, ...], float]:
        apis = self._snapshots.current.apis.values()
        closed = sum(1 for api in apis if api.faults)
        return {("open",): len(apis) - closed, ("closed",): closed}

    def _contract_counts(self) -> Mapping[tuple[str, ...], float]:
        apis = self._snapshots.current.apis.values()
        closed = sum(api.closed_contracts for api in apis)
        return {("active",): sum(len(api.contracts) for api in apis) - closed, ("closed",): closed}


def platform_options(settings: Settings) -> PlatformOptions:
    """The sync's part of the settings, in its own words."""
    platform = settings.platform
    return PlatformOptions(
        base_url=str(platform.base_url),
        organization_id=platform.organization_id,
        environment_id=platform.environment_id,
        client_id=platform.client_id,
        client_secret=platform.client_secret.get_secret_value(),
        analytics_base_url=str(platform.analytics_url or ""),
        apis=None if platform.apis == "environment" else platform.apis,
        poll_interval_s=platform.poll_interval_s,
        request_timeout_s=platform.request_timeout_s,
        max_response_bytes=platform.max_response_bytes,
        concurrency=platform.concurrency,
        secret_form=platform.secret_form,
        ignored_policy_types=frozenset(platform.ignored_policy_types),
    )


def _disk_copy(directory: Path, options: PlatformOptions, clock: Clock) -> DiskCopy:
    environment = f"{options.organization_id}/{options.environment_id}"
    return DiskCopy(directory / "catalog", options.client_secret, environment, clock)


def _bindings(settings: Settings) -> list[ApiBinding]:
    return [ApiBinding(**binding.model_dump()) for binding in settings.requests.bindings]


async def serve(settings: Settings, announce: Callable[[Endpoints], None]) -> None:
    """Run an adapter until SIGTERM or SIGINT; a second signal ends it at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    adapter = Adapter(settings)
    announce(await adapter.start())
    await stopping.wait()
    await adapter.stop()
