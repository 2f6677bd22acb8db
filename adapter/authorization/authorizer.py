# mypyc: compiled
"""One request in, one decision out."""

from collections.abc import Awaitable
from dataclasses import replace
from types import NoneType
from typing import Final, Literal

from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.gatekeeper import Gatekeeper
from adapter.authorization.ports import MessageLog, QuotaStore, Throttler
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.policy.bindings import BindingTable
from adapter.policy.decide import Unsettled, decide
from adapter.policy.decision import Allowed, Decision, Denied
from adapter.policy.effects import Charge, Effect, Outcome, QuotaState, Throttle
from adapter.policy.request.attributes import RequestAttributes, timeout_s
from adapter.policy.snapshot import Snapshot
from adapter.policy.verdicts import Deny, DenyReason
from adapter.runtime.clock import Clock

UNKNOWN_API: Final = Deny(DenyReason.API_UNKNOWN, 403, "This request belongs to no known API")
_SETTLED: Final = (QuotaState, NoneType)
"""The types of outcomes; anything else is still to be awaited."""


class Authorizer:
    """Decides by the current snapshot and settles effects through its ports.

    `authorize` answers at once when every effect is settled in memory, so that a Check runs to its
    answer without a task switch; else it returns an awaitable of the decision.
    """

    def __init__(
        self,
        snapshots: SnapshotStore,
        bindings: BindingTable,
        gatekeeper: Gatekeeper,
        quotas: QuotaStore,
        clock: Clock,
        *,
        throttler: Throttler,
        messages: MessageLog,
        unbound: Literal["deny", "allow"] = "deny",
        discovered: DiscoveredServices,
    ) -> None:
        self._snapshots = snapshots
        self._bindings = bindings
        self._gatekeeper = gatekeeper
        self._quotas = quotas
        self._clock = clock
        self._throttler = throttler
        self._messages = messages
        self._unbound = unbound
        self._discovered = discovered

    def authorize(self, request: RequestAttributes) -> Decision | Awaitable[Decision]:
        """Decide; raises StoreError or OverloadError where a port could not settle an effect."""
        snapshot = self._snapshots.current
        api_id = self._bindings.resolve(request)
        if isinstance(api_id, Deny):
            return self._unbound_decision(request, api_id, snapshot)
        api = snapshot.apis.get(api_id)
        if api is None or self._gatekeeper.is_watchful:
            objection = self._gatekeeper.objection(api_id, loaded=bool(snapshot.apis))
            if objection is not None:
                return Denied(objection, snapshot.revision)
        if api is None:
            return self._unknown_api(request, api_id, snapshot)
        step = decide(request, api, snapshot.revision)
        while isinstance(step, Unsettled):
            outcome = self._ask(request, step.effect, 0.0)
            if not isinstance(outcome, _SETTLED):
                return self._settle_later(request, step, outcome)
            step = step.settle(outcome)
        return step

    def _unknown_api(self, request: RequestAttributes, api_id: str, snapshot: Snapshot) -> Denied:
        self._discover(request)
        detail = f"the snapshot has no API instance {api_id[:64]!r}"
        return Denied(replace(UNKNOWN_API, detail=detail), snapshot.revision)

    def _discover(self, request: RequestAttributes) -> None:
        self._discovered.add(request.authority, request.route_name or request.route_metadata)

    def _unbound_decision(
        self, request: RequestAttributes, deny: Deny, snapshot: Snapshot
    ) -> Decision:
        self._discover(request)
        if self._unbound == "allow" and deny.reason is DenyReason.API_UNBOUND:
            return Allowed(None, snapshot.revision)
        return Denied(deny, snapshot.revision)

    async def _settle_later(
        self,
        request: RequestAttributes,
        waiting: Unsettled,
        outcome: Outcome | Awaitable[Outcome],
    ) -> Decision:
        """Settle the rest of the effects, waiting for each outcome that is not there yet."""
        started = self._clock.monotonic()
        while True:
            step = waiting.settle(outcome if isinstance(outcome, _SETTLED) else await outcome)
            if not isinstance(step, Unsettled):
                return step
            waiting = step
            waited_s = self._clock.monotonic() - started
            outcome = self._ask(request, step.effect, waited_s)

    def _ask(
        self, request: RequestAttributes, effect: Effect, waited_s: float
    ) -> Outcome | Awaitable[Outcome]:
        """Have the port that an effect is for settle it; the Check has waited that long so far."""
        if isinstance(effect, Charge):
            return self._quotas.charge(request.check_id, effect)
        if isinstance(effect, Throttle):
            patience_s = timeout_s(request)
            left_s = None if patience_s is None else patience_s - waited_s
            return self._throttler.throttle(request.check_id, effect, left_s)
        self._messages.offer(effect.messages)
        return None
