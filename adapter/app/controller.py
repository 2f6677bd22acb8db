"""The composition root of the controller, from its start to its stop."""

import asyncio
import random
from collections.abc import Callable, Mapping

import structlog

from adapter.app.controller_parts import (
    Connections,
    lease_holder,
    lease_key,
    mesh_options,
)
from adapter.controller.core.desired_objects import selector_of
from adapter.controller.core.resources import API_BINDING, Resource, read_for, written_for
from adapter.controller.kubernetes.lease import Lease
from adapter.controller.kubernetes.watched import WatchedResource
from adapter.controller.mesh_writer import MeshWriter
from adapter.controller.reconciler import Reconciler
from adapter.controller.suggestion_events import SuggestionEvents
from adapter.operations.listener import OperatorListener
from adapter.operations.probes import Readiness, probe_routes
from adapter.runtime.clock import Clock, SystemClock
from adapter.runtime.supervision import Supervisor
from adapter.runtime.version import program_version
from adapter.settings.controller import ControllerSettings
from adapter.telemetry.metrics import Metrics


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
        options = mesh_options(settings)
        self._connections = Connections(settings, clock)
        self._client = self._connections.kubernetes()
        self._lease = Lease(self._client, lease_key(settings), lease_holder(settings), clock)
        self._read = [self._watched(r) for r in (API_BINDING, *read_for(settings.mesh))]
        own = selector_of(options)
        self._written = [self._watched(r, own) for r in written_for(settings.mesh)]
        self._reconciler = Reconciler(
            options,
            self._client,
            read=self._read,
            written=self._written,
            changed=self._changed,
            leadership=self._lease,
            apis=self._connections.api_instances(),
            writer=MeshWriter(
                self._client,
                settings.rendered.takeover_s,
                clock,
                self._wrote,
                lambda: self._lease.is_held,
                options.token,
            ),
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
            resource = watched.resource
            self._supervisor.start(f"watch {resource.plural} {resource.group}", watched.run)
        self._supervisor.start("lease", self._lease.run)
        self._supervisor.start("rounds", self._reconciler.run)

    async def stop(self) -> None:
        """End the rounds, and give the Lease back."""
        await self._supervisor.stop()
        await self._lease.release()
        await self._listener.stop()
        await self._connections.close()
        structlog.get_logger().info("controller.stopped")

    def readiness(self) -> Readiness:
        """Ready once the cluster has been read; a controller on standby is ready, too."""
        troubles = {
            f"watch {w.resource.plural} {w.resource.group}".strip(): w.last_error
            for w in (*self._read, *self._written)
            if w.last_error
        }
        if self._lease.last_error:
            troubles["lease"] = self._lease.last_error
        for number, failure in enumerate(self._reconciler.last_failures):
            troubles[f"write {number + 1}"] = failure
        return Readiness(self._reconciler.is_synced, troubles)

    def _watched(self, resource: Resource, selector: str = "") -> WatchedResource:
        # The Gateways of a namespace's routes may be elsewhere.
        namespace = self._settings.kubernetes.namespace if resource == API_BINDING else None
        return WatchedResource(
            self._client,
            resource,
            self._clock,
            random.random,
            changed=self._changed.set,
            failed=self._count_watch_failure,
            namespace=namespace,
            selector=selector,
        )

    def _count_watch_failure(self, kind: str) -> None:
        self.metrics.add("adapter_controller_watch_failures", resource=kind)

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

    def _crashed(self) -> Mapping[str, str]:
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
