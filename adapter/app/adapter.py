"""One adapter process, from its start to its stop."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final

import structlog

from adapter.app.analytics import Analytics
from adapter.app.bindings import Bindings
from adapter.app.certificate_uses import certificate_uses
from adapter.app.certificates import Certificates
from adapter.app.checks import Checks
from adapter.app.endpoints import Endpoints
from adapter.app.identity import Identity
from adapter.app.listener_metrics import observe_operators
from adapter.app.metrics import (
    observe_bindings,
    observe_checks,
    observe_edges,
    observe_identity,
    observe_platform,
)
from adapter.app.own_files import OwnFiles
from adapter.app.platform import Platform
from adapter.app.preflight.workers import quota_alarms
from adapter.app.quotas import Quotas
from adapter.app.reloading import Reloading
from adapter.app.reporting import Reporting
from adapter.app.server import make_server
from adapter.app.tracing import Tracing
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.operations.denials import denial_route
from adapter.operations.explain import explain_route
from adapter.operations.inspection import inspection_routes
from adapter.operations.listener import OperatorListener
from adapter.operations.probes import Readiness, probe_routes
from adapter.operations.sync import sync_route
from adapter.platform_client.relay.sender import RelaySender
from adapter.runtime import garbage
from adapter.runtime.clock import Clock, SystemClock
from adapter.runtime.compiled import BUILD, COMPILED
from adapter.runtime.huge_pages import HugePages
from adapter.runtime.supervision import Supervisor
from adapter.runtime.version import program_version
from adapter.settings import Settings
from adapter.telemetry.counters import CallCounters
from adapter.telemetry.metrics import Metrics
from adapter.telemetry.refused_callers import RefusedCallers
from adapter.workers.place import WorkerPlace

_SERVING_CHECK_S: Final = 0.1
_FIRST_KEYS_S: Final = 5.0
"""How long SERVING waits for key sets. Until they are there, good tokens are refused."""


class Adapter:
    """One adapter process, made from its settings.

    It starts in this order: locks and addresses, quotas, disk copy, key sets, gRPC server,
    operators' listeners, sync. Health is SERVING once every API is loaded or has definitely failed,
    and the key sets of their policies have been fetched; it waits for those a few seconds at most.
    It stops in this order: health, calls and streams, gRPC server, the last events, quotas, key
    sets, operators' listeners.
    """

    def __init__(
        self, settings: Settings, clock: Clock | None = None, place: WorkerPlace | None = None
    ) -> None:
        clock = clock or SystemClock()
        self._settings = settings
        self._place = place
        self._clock = clock
        self._metrics = Metrics()
        self._metrics.observe("adapter_build_info", lambda: {(program_version(), BUILD): 1})
        self._supervisor = Supervisor(clock, self._count_crash)
        self._snapshots = SnapshotStore(clock)
        self._files = OwnFiles(settings)
        self._quotas = Quotas(settings.quota, settings.quota_file, clock)
        self._tracing = Tracing(settings, clock, self._metrics)
        self._platform = Platform(
            settings, self._snapshots, clock, self._metrics, place, self._tracing.tracer
        )
        self._identity = Identity(settings, self._snapshots, clock, self._metrics)
        self._bindings = Bindings(settings.requests, clock)
        self._checks = Checks(
            settings,
            self._bindings.table,
            self._snapshots,
            self._platform.sync,
            self._quotas,
            self._identity,
            clock,
            self._tracing,
        )
        client = self._platform.client
        self._analytics = Analytics(
            settings,
            None if client is None else self._tracing.traced_upload(client),
            self._checks.attribute,
            clock,
            self._metrics,
            only_for_edges=lambda: self._bindings.only_for_edges,
            takes_own_members=self._platform.takes_own_members,
        )
        self._refused = RefusedCallers(clock)
        methods = (self._checks.method, self._analytics.method)
        self._server = make_server(
            settings,
            methods if settings.analytics.enabled else methods[:1],
            CallCounters(self._metrics, self._refused),
            clock,
        )
        self._certificates = Certificates(
            certificate_uses(settings, self._server, self._platform, self._quotas, self._identity),
            clock,
        )
        self._reloading = Reloading(self._certificates, self._platform.sync, clock)
        self._reporting = Reporting(
            settings,
            clock,
            self._metrics,
            snapshots=self._snapshots,
            platform=self._platform,
            checks=self._checks,
            analytics=self._analytics,
            quotas=self._quotas,
            serving=lambda: self._serving,
            alarms=self._alarms,
        )
        self._listeners = self._make_listeners()
        self._serving = False
        self._stopping = False
        observe_checks(self._metrics, self._checks, self._quotas)
        observe_platform(self._metrics, self._platform, self._snapshots, clock)
        observe_identity(self._metrics, self._identity)
        observe_edges(self._metrics, self._server, self._analytics)
        observe_operators(self._metrics, self._listeners)
        observe_bindings(self._metrics, self._bindings)
        self._metrics.observe("adapter_certificates_kept", lambda: self._certificates.kept)

    async def start(self) -> Endpoints:
        """Start all parts; raises ConfigurationError if an address cannot be bound."""
        log = structlog.get_logger()
        if only_for_edges := self._bindings.only_for_edges:
            log.warning(
                "settings.only_for_edges",
                settings=", ".join(only_for_edges),
                advice="list the same domains in Envoy's virtual hosts, set use_remote_address: "
                "true, and use neither setting with sidecars or waypoints",
            )
        await self._reserve()
        garbage.calm()
        await self._quotas.start(self._supervisor)
        await self._platform.sync.restore()
        await self._identity.start(self._supervisor)
        await self._server.start()
        metrics, *inspection = [await listener.start() for listener in self._listeners]
        # Before the sync, which keeps the event loop busy when it starts.
        self._supervisor.start("serving", self._keep_serving_status)
        self._supervisor.start("sync", self._platform.sync.run)
        if self._place is not None and self._place.syncs:
            self._supervisor.start("relay", RelaySender(self._platform.sync, self._place.relay).run)
        client = self._platform.client
        if client is not None and self._settings.reports.enabled:
            reporter = self._reporting.reporter(client, self._server.addresses[0])
            self._supervisor.start("reports", reporter.run)
        self._supervisor.start("certificates", self._certificates.run)
        self._supervisor.start("messages", self._checks.messages.run)
        if self._bindings.file is not None:
            follow = partial(self._bindings.follow, self._checks.take_over)
            self._supervisor.start("bindings", follow)
        if self._settings.memory.huge_pages and sys.platform == "linux":
            self._supervisor.start("huge_pages", HugePages(self._clock).run)
        self._analytics.start(self._supervisor)
        self._tracing.start(self._supervisor)
        endpoints = Endpoints(self._server.addresses, metrics, next(iter(inspection), None))
        log.info(
            "adapter.started", version=program_version(), compiled=COMPILED, **asdict(endpoints)
        )
        return endpoints

    async def _reserve(self) -> None:
        """Lock files and bind addresses, or raise ConfigurationError.

        Nothing is read or written before that. So a start that fails changes no file, and disturbs
        no other process.
        """
        try:
            self._files.acquire()
            await self._server.bind()
            for listener in self._listeners:
                listener.bind()
        except BaseException:
            await self._server.drain_and_stop()
            await self._release()
            raise

    async def _release(self) -> None:
        for listener in self._listeners:
            await listener.stop()
        self._files.release()

    def reload(self) -> None:
        """Reload certificates and sync now, in the background. While it stops, nothing happens."""
        if not self._stopping:
            self._reloading.reload()

    async def stop(self) -> None:
        """Stop without losing a request or an event, within the deadlines of the settings."""
        log = structlog.get_logger()
        log.info("adapter.stopping")
        self._stopping = True
        await self._reloading.stop()
        await self._supervisor.stop("serving")
        self._serving = False
        await self._server.drain_and_stop()
        await self._supervisor.stop()
        await self._analytics.stop()
        await self._tracing.stop()
        await self._quotas.stop()
        await self._checks.users.close()
        await self._identity.stop()
        await self._platform.close()
        await self._release()
        log.info("adapter.stopped")

    def readiness(self) -> Readiness:
        """Whether the adapter reports SERVING to Envoy, and what an operator should look at."""
        status = self._platform.sync.status()
        details = {f"alarm {n}": alarm for n, alarm in enumerate(status.alarms, 1)}
        details |= {f"api {a.api_id}": "; ".join(a.faults) for a in status.apis if a.faults}
        details |= {
            f"api {a.api_id} ignores": ", ".join(a.ignored) for a in status.apis if a.ignored
        }
        if not status.all_settled:
            waiting = [api.api_id for api in status.apis if not api.settled]
            details["waiting for"] = ", ".join(waiting) or "the list of API instances"
        return Readiness(self._serving, {**details, **self._alarms()})

    def _alarms(self) -> dict[str, str]:
        """What an operator should look at, by component; the sync has its own."""
        return {
            **self._quotas.alarms,
            **self._identity.alarms,
            **self._checks.waiting.alarms,
            **self._checks.users.alarms,
            **self._analytics.alarms,
            **self._tracing.alarms,
            **self._refused.alarms,
            **quota_alarms(self._settings),
            **self._certificates.alarms,
            **self._bindings.alarms,
        }

    async def _keep_serving_status(self) -> None:
        """Report SERVING once requests can be decided as well as they can, and from then on."""
        sync, strict = self._platform.sync, self._settings.gatekeeper.mode == "strict"
        while not self._serving:
            if sync.all_settled and (sync.reached_platform or not strict):
                await self._identity.key_sets.await_first_keys(_FIRST_KEYS_S)
                self._serving = True
                await self._server.set_serving(True)
                structlog.get_logger().info("adapter.serving")
            await self._clock.sleep(_SERVING_CHECK_S)
        await asyncio.Event().wait()

    def _make_listeners(self) -> tuple[OperatorListener, ...]:
        metrics_address, inspection_address = self._operator_addresses
        probes = probe_routes(
            render_metrics=self._metrics.render,
            readiness=self.readiness,
            crashed_tasks=self._crashed_tasks,
            version=program_version(),
        )
        listeners = [OperatorListener(metrics_address, probes, self._clock)]
        if inspection_address is not None:
            routes = inspection_routes(
                self._snapshots,
                self._checks.discovered,
                {
                    "/sync": self._sync_status,
                    "/quotas": lambda: self._quotas.status,
                    "/identity": lambda: self._identity.status,
                    "/analytics": lambda: self._analytics.status,
                },
            )
            routes.append(denial_route(self._checks.denials))
            routes.append(explain_route(self._checks.explainer))
            routes.append(sync_route(self._sync_now))
            listener = OperatorListener(inspection_address, routes, self._clock, any_host=False)
            listeners.append(listener)
        return tuple(listeners)

    @property
    def _operator_addresses(self) -> tuple[str, str | None]:
        """Where operators ask; the parent of a worker asks on sockets that only it can reach."""
        if self._place is not None:
            return f"unix:{self._place.metrics}", f"unix:{self._place.inspection}"
        observability = self._settings.observability
        return observability.metrics_address, observability.inspection_address

    def _crashed_tasks(self) -> Mapping[str, str]:
        tasks = self._supervisor.health.items()
        return {name: task.last_error for name, task in tasks if not task.running}

    def _sync_status(self) -> Mapping[str, Any]:
        return asdict(self._platform.sync.status())

    async def _sync_now(self) -> Mapping[str, Any] | None:
        report = await self._reloading.sync()
        return None if report is None else asdict(report)

    def _count_crash(self, task: str) -> None:
        self._metrics.add("adapter_task_crashes", task=task)
