"""Makes the cluster have what was decided: the adapter's settings first, then the objects."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from adapter.controller.core.conditions import (
    ADAPTER_RESTARTING,
    NOT_APPLIED,
    SETTINGS_TOO_LONG,
    Outcome,
)
from adapter.controller.core.decision import Decision
from adapter.controller.core.desired_objects import is_too_long
from adapter.controller.core.resources import Key
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import CONFLICT, NOT_FOUND, ApiServerError
from adapter.envoy_config.parts.tree import Tree

Wrote: TypeAlias = Callable[[str, str], None]
"""Called with the verb and the result of each write."""
_DIGEST: Final = "policy-adapter.dev/settings"
"""The annotation of the adapter's pods that makes a Deployment or a StatefulSet replace them."""


class MeshWriter:
    """Applies and removes objects. Remembers what it has applied, and skips it the next time.

    `workload` is the adapter's Deployment or StatefulSet, which is restarted when the settings
    change; None if somebody else does that. `may_write` says whether this controller still has the
    Lease; it is asked before each write, because a round can take longer than a Lease. `token` is
    never told, although an API server may repeat what it refuses.
    """

    def __init__(
        self,
        client: KubernetesClient,
        workload: Key | None,
        wrote: Wrote,
        may_write: Callable[[], bool],
        token: str | None = None,
    ) -> None:
        self._client = client
        self._workload = workload
        self._wrote = wrote
        self._may_write = may_write
        self._token = token
        self._applied: dict[Key, tuple[str, str]] = {}
        """Digest and resource version of each object after it was applied."""

    def forget(self) -> None:
        """Apply everything again the next time, in case somebody has changed it."""
        self._applied.clear()

    async def write(self, decision: Decision, live: Mapping[Key, Tree]) -> Outcome:
        """Apply and remove; `live` are the objects that have the controller's labels."""
        waits_for = await self._settings(*decision.settings)
        if waits_for is not None:
            return Outcome(waits_for)
        failures: dict[Key, str] = {}
        for key, content in decision.objects.items():
            await self._try("apply", key, self._apply(key, content, live.get(key)), failures)
        # Only now, so that no request finds neither the old objects nor the new ones.
        for key in _superfluous(decision, live):
            uid = live[key]["metadata"]["uid"]
            await self._try("delete", key, self._delete(key, uid), failures)
        return Outcome(failures=failures)

    async def _settings(self, key: Key, content: Tree) -> tuple[str, str] | None:
        """Give the adapter its settings. Returns why the objects have to wait, or None."""
        if is_too_long(content):
            return SETTINGS_TOO_LONG, (
                "The adapter's bindings do not fit into an environment variable; bind fewer routes "
                "for each adapter."
            )
        failures: dict[Key, str] = {}
        # Ours alone by its name, so a conflict means that somebody has edited it.
        await self._try("apply", key, self._apply(key, content, {}), failures)
        if failures:
            return NOT_APPLIED, f"{key}: {failures[key]}"
        return await self._restarted(_digest(content["data"]))

    async def _restarted(self, digest: str) -> tuple[str, str] | None:
        """Have the adapter's pods replaced if their settings are older."""
        if self._workload is None:
            return None
        try:
            found = await self._client.get(self._workload)
            if _annotation(found) != digest:
                self._require_lease()
                template = {"metadata": {"annotations": {_DIGEST: digest}}}
                await self._client.patch(self._workload, {"spec": {"template": template}})
                self._wrote("restart", "succeeded")
                found = {}
        except ApiServerError as e:
            self._wrote("restart", "failed")
            return NOT_APPLIED, f"{self._workload}: {e}"
        if _is_rolled_out(found):
            return None
        return ADAPTER_RESTARTING, f"{self._workload} restarts with the new settings."

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


def _annotation(workload: Tree) -> str:
    metadata = workload["spec"]["template"].get("metadata", {})
    return str((metadata.get("annotations") or {}).get(_DIGEST, ""))


def _is_rolled_out(workload: Tree) -> bool:
    """As `kubectl rollout status` judges it."""
    if not workload:
        return False
    status, wanted = workload.get("status", {}), workload["spec"].get("replicas", 1)
    updated = status.get("updatedReplicas", 0)
    return bool(
        status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
        and updated >= wanted
        and status.get("replicas", 0) <= updated <= status.get("availableReplicas", 0)
    )
