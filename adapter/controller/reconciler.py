"""The controller's loop: one round after each change in the cluster."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol, TypeAlias

import structlog

from adapter.controller.api_instances import ApiInstances
from adapter.controller.core.binding import BindingKey
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.conditions import (
    ADAPTER_UPDATING,
    Outcome,
    is_left_to_others,
    status_of,
)
from adapter.controller.core.decision import Decision, decide
from adapter.controller.core.judgement import judge
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import PLATFORM_UNAVAILABLE
from adapter.controller.core.resources import API_BINDING, Key
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import NOT_FOUND, ApiServerError
from adapter.controller.kubernetes.times import timestamp
from adapter.controller.kubernetes.watched import WatchedResource
from adapter.controller.mesh_writer import MeshWriter
from adapter.controller.suggestion_events import SuggestionEvents
from adapter.envoy_config.parts.tree import Tree
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock

Result: TypeAlias = Literal["succeeded", "incomplete", "updating", "standby", "waiting"]
"""Of a round: `incomplete` if something is to be tried again, `updating` while the adapters take
over bindings, `standby` while another controller works, and `waiting` until the cluster has been
read once."""
_GATHER_S: Final = 0.2
"""Changes that come together are taken over together."""
_FIRST_RETRY_S: Final = 1.0
_LONGEST_RETRY_S: Final = 60.0
_UPDATING_S: Final = 5.0
_AGAIN_S: Final = 300.0
"""After this time everything is applied again, in case somebody has changed it."""


class Leadership(Protocol):
    """Whether this process may write."""

    @property
    def is_held(self) -> bool:
        """Now."""


class Reconciler:
    """Makes rounds until cancelled.

    `read` and `written` are what it has seen in the cluster, and `changed` is set at each change.
    """

    def __init__(
        self,
        options: MeshOptions,
        client: KubernetesClient,
        *,
        read: Sequence[WatchedResource],
        written: Sequence[WatchedResource],
        changed: asyncio.Event,
        leadership: Leadership,
        apis: ApiInstances,
        writer: MeshWriter,
        events: SuggestionEvents,
        clock: Clock,
        jitter: Jitter,
    ) -> None:
        self._options = options
        self._client = client
        self._read = read
        self._written = written
        self._leadership = leadership
        self._apis = apis
        self._writer = writer
        self._events = events
        self._clock = clock
        self._backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S, jitter)
        self._changed = changed
        self._applied_at = clock.monotonic()
        self._log = structlog.get_logger()
        self.rounds: dict[Result, int] = {}
        self.conditions: Mapping[tuple[str, ...], float] = {}
        """How many ApiBindings have each condition (type and status)."""
        self.last_failures: tuple[str, ...] = ()

    @property
    def is_synced(self) -> bool:
        """Whether the cluster has been read once."""
        return all(watched.is_synced for watched in (*self._read, *self._written))

    async def run(self) -> None:
        """Make rounds until cancelled."""
        while True:
            self._changed.clear()
            result = await self.round()
            self.rounds[result] = self.rounds.get(result, 0) + 1
            await self._wait(self._pause_after(result))

    async def round(self) -> Result:
        """Read, decide, write and report once."""
        if not self.is_synced:
            return "waiting"
        if not self._leadership.is_held:
            return self._stand_by()
        self._apply_all_again_sometimes()
        cluster = Cluster({watched.resource: watched.objects for watched in self._read})
        judgement = await asyncio.to_thread(judge, cluster, self._options)
        answers = await self._apis.answers(one.binding for one in judgement.accepted)
        live = self._live()
        decision = await asyncio.to_thread(decide, cluster, self._options, judgement, answers, live)
        outcome = await self._writer.write(decision, live)
        if not self._leadership.is_held:
            return self._stand_by()
        told = await self._report(cluster, decision, outcome)
        await self._events.tell(decision.suggestions)
        if outcome.waits_for is not None and outcome.waits_for[0] == ADAPTER_UPDATING:
            return "updating"
        is_complete = told and outcome == Outcome() and not _waits_for_platform(decision)
        return "succeeded" if is_complete else "incomplete"

    def _stand_by(self) -> Result:
        """Another controller works, and may write something else."""
        self._writer.forget()
        return "standby"

    def _apply_all_again_sometimes(self) -> None:
        now = self._clock.monotonic()
        if now - self._applied_at >= _AGAIN_S:
            self._applied_at = now
            self._writer.forget()

    def _live(self) -> dict[Key, Tree]:
        return {
            Key(watched.resource, *place): content
            for watched in self._written
            for place, content in watched.objects.items()
        }

    async def _report(self, cluster: Cluster, decision: Decision, outcome: Outcome) -> bool:
        """Write the statuses that have changed; returns whether all are written."""
        now = timestamp(self._clock.now())
        conditions: dict[tuple[str, ...], float] = {}
        failures = [f"{key}: {why}" for key, why in outcome.failures.items()]
        failures += [outcome.waits_for[1]] if outcome.waits_for else []
        known = len(failures)
        for content in cluster.all(API_BINDING):
            key = Key(API_BINDING, content["metadata"]["namespace"], content["metadata"]["name"])
            acceptance = decision.acceptances[BindingKey(key.namespace, key.name)]
            if is_left_to_others(content, acceptance):
                continue
            shared = self._options.adapter.namespace
            status = status_of(content, acceptance, outcome, shared, now)
            for condition in status["conditions"]:
                place = condition["type"], condition["status"]
                conditions[place] = conditions.get(place, 0) + 1
            failures += await self._write_status(key, content, status)
        self.conditions = conditions
        self.last_failures = tuple(failures)
        return len(failures) == known

    async def _write_status(self, key: Key, content: Tree, status: Tree) -> list[str]:
        """Write it if it differs; returns what failed."""
        if content.get("status", {}) == status:
            return []
        # A merge leaves out what is null.
        change = {"apiId": None, "envoys": None, **status}
        try:
            await self._client.patch(key, {"status": change}, "/status")
        except ApiServerError as e:
            if e.status == NOT_FOUND:  # deleted meanwhile
                return []
            self._log.warning("controller.status_failed", binding=str(key), error=str(e))
            return [f"{key}: {e}"]
        self._log.info(
            "controller.status",
            binding=str(key),
            **{c["type"].lower(): c["reason"] for c in status["conditions"]},
        )
        return []

    def _pause_after(self, result: Result) -> float:
        """The longest time until the next round."""
        if result == "incomplete":
            return self._backoff.failed()
        if result == "updating":
            return _UPDATING_S
        if result == "succeeded":
            self._backoff.succeeded()
        return _LONGEST_RETRY_S if result == "succeeded" else _FIRST_RETRY_S

    async def _wait(self, longest_s: float) -> None:
        """Wait until something changes, and then a moment for changes that belong to it."""
        changed = asyncio.ensure_future(self._changed.wait())
        waited = asyncio.ensure_future(self._clock.sleep(longest_s))
        try:
            await asyncio.wait({changed, waited}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            waited.cancel()
        await self._clock.sleep(_GATHER_S)


def _waits_for_platform(decision: Decision) -> bool:
    return any(v.reason == PLATFORM_UNAVAILABLE for v in decision.acceptances.values())
