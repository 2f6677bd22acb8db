"""Makes the cluster have what was decided: the adapter's bindings first, then the objects."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from adapter.controller.core.conditions import (
    ADAPTER_UPDATING,
    NOT_APPLIED,
    TOO_MANY_BINDINGS,
    Outcome,
)
from adapter.controller.core.decision import Decision
from adapter.controller.core.desired_objects import is_too_long
from adapter.controller.core.late_decision import without_opening
from adapter.controller.core.resources import Key
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import CONFLICT, NOT_FOUND, ApiServerError
from adapter.envoy_config.parts.tree import Tree
from adapter.runtime.clock import Clock

Wrote: TypeAlias = Callable[[str, str], None]
"""Called with the verb and the result of each write."""
_CHANGED: Final = "policy-adapter.dev/changed-at"
"""The annotation of the ConfigMap that says when its bindings changed, in seconds since 1970. A
controller that starts knows by it how long to wait."""
_TOO_MANY: Final = (
    TOO_MANY_BINDINGS,
    "The adapter's bindings do not fit into a ConfigMap; bind fewer routes for each adapter.",
)


class _Given(NamedTuple):
    """The bindings that the adapters have got."""

    decision: Decision
    """The last one with these bindings."""
    at: float
    """When they were written, as wall time."""


class MeshWriter:
    """Applies and removes objects. Remembers what it has applied, and skips it the next time.

    An Envoy must not ask about an API that an adapter does not know yet. Nobody tells when a
    kubelet has brought a changed ConfigMap to a pod. So objects wait for `takeover_s` after a
    change of the bindings. Bindings that change meanwhile are written after these objects:
    otherwise changes that follow each other quickly would keep all objects waiting.

    `may_write` says whether this controller still has the Lease; it is asked before each write,
    because a round can take longer than a Lease. `token` is never told, although an API server may
    repeat what it refuses.
    """

    def __init__(
        self,
        client: KubernetesClient,
        takeover_s: float,
        clock: Clock,
        wrote: Wrote,
        may_write: Callable[[], bool],
        token: str | None = None,
    ) -> None:
        self._client = client
        self._takeover_s = takeover_s
        self._clock = clock
        self._wrote = wrote
        self._may_write = may_write
        self._token = token
        self._given: _Given | None = None
        self._in_force: Decision | None = None
        """The decision whose objects were applied last."""
        self._applied: dict[Key, tuple[str, str]] = {}
        """Digest and resource version of each object after it was applied."""

    def forget(self) -> None:
        """Read and apply everything again the next time, in case somebody has changed it."""
        self._given = self._in_force = None
        self._applied.clear()

    async def write(self, decision: Decision, live: Mapping[Key, Tree]) -> Outcome:
        """Apply and remove; `live` are the objects that have the controller's labels."""
        given = self._given
        if given is not None and given.decision.bindings != decision.bindings:
            if not self._is_taken_over(given):
                return await self._waiting(live)
            await self._objects(without_opening(given.decision, decision), live)
            given = None
        try:
            self._given = await self._give(decision, given)
        except ApiServerError as e:
            return Outcome((NOT_APPLIED, f"{decision.bindings[0]}: {e}"))
        if self._given is None:
            return Outcome(_TOO_MANY)
        if not self._is_taken_over(self._given):
            return await self._waiting(live)
        return await self._objects(decision, live)

    def _is_taken_over(self, given: _Given) -> bool:
        return self._clock.now() - given.at >= self._takeover_s

    async def _waiting(self, live: Mapping[Key, Tree]) -> Outcome:
        """Keep the last objects in force meanwhile."""
        if self._in_force is not None:
            await self._objects(self._in_force, live)
        follow = f"The objects follow {self._takeover_s:g} seconds after the bindings."
        return Outcome((ADAPTER_UPDATING, follow))

    async def _give(self, decision: Decision, given: _Given | None) -> _Given | None:
        """Give the adapters their bindings; None if they do not fit. Raises ApiServerError."""
        key, content = decision.bindings
        if is_too_long(content):
            return None
        at = await self._changed_at(key, content) if given is None else given.at
        metadata = {**content["metadata"], "annotations": {_CHANGED: str(int(at))}}
        try:
            # Ours alone by its name, so a conflict means that somebody has edited it.
            await self._apply(key, {**content, "metadata": metadata}, {})
        except ApiServerError:
            self._wrote("apply", "failed")
            raise
        return _Given(decision, at)

    async def _changed_at(self, key: Key, content: Tree) -> float:
        """When the ConfigMap got these bindings; now, if it has others."""
        now = self._clock.now()
        try:
            found = await self._client.get(key)
        except ApiServerError as e:
            if e.status == NOT_FOUND:
                return now
            raise
        told = str((found["metadata"].get("annotations") or {}).get(_CHANGED, ""))
        is_same = found.get("data") == content["data"] and told.isdecimal()
        return min(now, float(told)) if is_same else now

    async def _objects(self, decision: Decision, live: Mapping[Key, Tree]) -> Outcome:
        self._in_force = decision
        failures: dict[Key, str] = {}
        for key, content in decision.objects.items():
            await self._try("apply", key, self._apply(key, content, live.get(key)), failures)
        # Only now, so that no request finds neither the old objects nor the new ones.
        for key in _superfluous(decision, live):
            uid = live[key]["metadata"]["uid"]
            await self._try("delete", key, self._delete(key, uid), failures)
        return Outcome(failures=failures)

    async def _apply(self, key: Key, content: Tree, live: Tree | None) -> None:
        digest = _digest(content)
        known = self._applied.get(key)
        if live is not None and known is not None and known[0] == digest:
            version = live.get("metadata", {}).get("resourceVersion", known[1])
            if version == known[1]:
                return
        self._require_lease()
        try:
            # Objects without our labels belong to somebody else, and stay as they are.
            found = await self._client.apply(key, content, force=live is not None)
        except ApiServerError as e:
            if e.status == CONFLICT:
                raise ApiServerError(
                    f"somebody else has made this object or changed it; delete it, or rename it: "
                    f"{e}",
                    e.status,
                ) from None
            raise
        self._wrote("apply", "succeeded")
        self._applied[key] = digest, found["metadata"]["resourceVersion"]

    async def _delete(self, key: Key, uid: str) -> None:
        self._require_lease()
        self._applied.pop(key, None)
        try:
            await self._client.delete(key, uid)
        except ApiServerError as e:
            # Somebody else was faster.
            if e.status not in {CONFLICT, NOT_FOUND}:
                raise
        self._wrote("delete", "succeeded")

    def _require_lease(self) -> None:
        if not self._may_write():
            raise ApiServerError("this controller no longer has the Lease")

    async def _try(
        self, verb: str, key: Key, write: Awaitable[None], failures: dict[Key, str]
    ) -> None:
        try:
            await write
        except ApiServerError as e:
            self._wrote(verb, "failed")
            failures[key] = str(e).replace(self._token, "***") if self._token else str(e)


def _superfluous(decision: Decision, live: Mapping[Key, Tree]) -> list[Key]:
    """What was rendered before and is no longer. The Checks end first, then what they rely on."""
    return [
        key
        for key in reversed([*live])
        if key not in decision.objects and key.namespace not in decision.kept_namespaces
    ]


def _digest(content: Tree) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
