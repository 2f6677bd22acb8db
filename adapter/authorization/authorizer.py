# mypyc: compiled
"""The use case: one request in, one decision out."""

from collections.abc import Awaitable
from dataclasses import replace
from functools import partial
from typing import Final, Literal

from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.effect_ports import EffectPorts
from adapter.authorization.gatekeeper import Gatekeeper
from adapter.authorization.pending_decision import PendingDecision
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.authorization.wait_spans import with_span
from adapter.policy.bindings import UNBOUND, BindingTable
from adapter.policy.catalog import ApiInstance
from adapter.policy.decide import Unsettled, decide
from adapter.policy.decision import Allowed, Decision, Denied
from adapter.policy.effects.effect import Outcome
from adapter.policy.effects.kinds import EFFECT_KINDS
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.snapshot import Snapshot
from adapter.policy.verdicts import Deny, DenyReason
from adapter.runtime.clock import Clock
from adapter.runtime.spans import Tracer

UNKNOWN_API: Final = Deny(DenyReason.API_UNKNOWN, 403, "This request belongs to no known API")


class Authorizer:
    """Decides with the current snapshot, and has ports settle the effects.

    `authorize` returns the decision itself if every effect is settled in memory. Then the Check
    needs no task switch. Otherwise it returns an awaitable of the decision.
    """

    def __init__(
        self,
        snapshots: SnapshotStore,
        bindings: BindingTable,
        gatekeeper: Gatekeeper,
        clock: Clock,
        ports: EffectPorts,
        *,
        unbound: Literal["deny", "allow"],
        discovered: DiscoveredServices,
        tracer: Tracer | None = None,
    ) -> None:
        """Raise ValueError if a kind of effect has no port."""
        missing = [kind.__name__ for kind in EFFECT_KINDS if kind not in ports]
        if missing:
            raise ValueError(f"no port settles these effects: {', '.join(missing)}")
        self._snapshots = snapshots
        self.bindings = bindings
        """Those in force. Never changed, only replaced, so each Check reads it once."""
        self._gatekeeper = gatekeeper
        self._clock = clock
        self._ports = dict(ports)
        self._unbound = unbound
        self._discovered = discovered
        self._tracer = tracer or Tracer()

    def authorize(self, request: RequestAttributes) -> Decision | PendingDecision:
        """Decide.

        Raises StoreError, ProviderError or OverloadError if a port cannot settle an effect.
        """
        snapshot = self._snapshots.current
        api_id = self.bindings.resolve(request)
        if isinstance(api_id, Deny):
            return self._unbound_decision(request, api_id, snapshot)
        api = snapshot.apis.get(api_id)
        if api is None or self._gatekeeper.is_watchful:
            objection = self._gatekeeper.objection(api_id, loaded=api is not None)
            if objection is not None:
                # The API is named, so that the request counts as its own in analytics.
                instance = ApiInstance(api_id, "") if api is None else api.instance
                return Denied(objection, snapshot.revision, instance)
        if api is None:
            return self._unknown_api(request, api_id, snapshot)
        step = decide(request, api, snapshot.revision)
        while isinstance(step, Unsettled):
            effect = step.effect
            outcome = self._ports[type(effect)].settle(request, effect, 0.0)
            if not isinstance(outcome, Outcome):
                return PendingDecision(partial(self._settle_later, request, step, outcome), api_id)
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
        if self._unbound == "allow" and deny is UNBOUND:
            return Allowed(None, snapshot.revision)
        return Denied(deny, snapshot.revision)

    async def _settle_later(
        self, request: RequestAttributes, waiting: Unsettled, outcome: Outcome | Awaitable[Outcome]
    ) -> Decision:
        """Settle the remaining effects; await each outcome that is not there yet."""
        started = self._clock.monotonic()
        while True:
            if not isinstance(outcome, Outcome):
                outcome = await with_span(self._tracer, waiting.effect, outcome)
            step = waiting.settle(outcome)
            if not isinstance(step, Unsettled):
                return step
            waiting = step
            effect, waited_s = step.effect, self._clock.monotonic() - started
            outcome = self._ports[type(effect)].settle(request, effect, waited_s)
