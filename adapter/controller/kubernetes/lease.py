"""Lets one controller of several work: the holder of a Lease (coordination.k8s.io)."""

from typing import Any, Final

import structlog

from adapter.controller.core.resources import Key
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import CONFLICT, NOT_FOUND, ApiServerError
from adapter.controller.kubernetes.times import precise_timestamp
from adapter.envoy_config.parts.tree import Tree
from adapter.runtime.clock import Clock, MonotonicTime

DURATION_S: Final = 15
"""Others take the Lease if it was not renewed for this time."""
_RENEW_S: Final = 5.0
_TRUSTED_S: Final = 10.0
"""The holder works for this time after its last renewal: less than the duration, so that clocks
which run at different speeds do no harm."""


class Lease:
    """Takes the Lease when it is free, and renews it.

    Whether another holder is alive is judged by changes that this process has seen, and never by
    comparing clocks of two machines.
    """

    def __init__(self, client: KubernetesClient, key: Key, holder: str, clock: Clock) -> None:
        self._client = client
        self._key = key
        self._holder = holder
        self._clock = clock
        self._held_until = MonotonicTime(0)
        self._seen: tuple[Any, ...] = ()
        self._seen_at = MonotonicTime(0)
        self._log = structlog.get_logger().bind(lease=f"{key.namespace}/{key.name}")
        self.last_error = ""

    @property
    def is_held(self) -> bool:
        """Whether this process may work now."""
        return self._clock.monotonic() < self._held_until

    async def run(self) -> None:
        """Try to hold the Lease until cancelled."""
        while True:
            was_held = self.is_held
            try:
                await self.try_once()
                self.last_error = ""
            except ApiServerError as e:
                self.last_error = str(e)
                self._log.warning("controller.lease_failed", error=str(e))
            if was_held != self.is_held:
                self._log.info("controller.leading" if self.is_held else "controller.not_leading")
            await self._clock.sleep(_RENEW_S)

    async def try_once(self) -> None:
        """Take or renew the Lease if it is free; raises ApiServerError."""
        asked_at = self._clock.monotonic()
        try:
            lease = await self._client.get(self._key)
        except ApiServerError as e:
            if e.status != NOT_FOUND:
                raise
            await self._write(self._new(), asked_at, is_new=True)
            return
        if self._is_free(lease.get("spec", {})):
            await self._write(self._renewed(lease), asked_at)

    async def release(self) -> None:
        """Let another controller go on at once. The task of `run` must have ended."""
        if not self.is_held:
            return
        self._held_until = MonotonicTime(0)
        for _ in range(2):  # the last renewal may still be under way
            try:
                await self._give_back()
            except ApiServerError as e:
                self.last_error = str(e)
            else:
                return
        self._log.warning("controller.lease_not_released", error=self.last_error)

    async def _give_back(self) -> None:
        lease = await self._client.get(self._key)
        if lease.get("spec", {}).get("holderIdentity") == self._holder:
            lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
            await self._client.replace(self._key, lease)

    async def _write(self, lease: Tree, asked_at: MonotonicTime, *, is_new: bool = False) -> None:
        try:
            if is_new:
                await self._client.create(self._key.resource, self._key.namespace, lease)
            else:
                await self._client.replace(self._key, lease)
        except ApiServerError as e:
            if e.status != CONFLICT:
                raise
            return  # another controller was faster
        self._held_until = MonotonicTime(asked_at + _TRUSTED_S)

    def _is_free(self, spec: Tree) -> bool:
        holder = spec.get("holderIdentity", "")
        seen = holder, spec.get("renewTime"), spec.get("leaseTransitions")
        now = self._clock.monotonic()
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        duration_s = spec.get("leaseDurationSeconds", DURATION_S)
        return holder in {"", self._holder} or now - self._seen_at >= duration_s

    def _new(self) -> Tree:
        metadata = {"name": self._key.name, "namespace": self._key.namespace}
        lease = {
            "apiVersion": self._key.resource.api_version,
            "kind": self._key.resource.kind,
            "metadata": metadata,
        }
        return lease | {"spec": self._spec(0, self._now())}

    def _renewed(self, lease: Tree) -> Tree:
        spec = lease.get("spec", {})
        changes = int(spec.get("leaseTransitions", 0))
        if spec.get("holderIdentity") == self._holder:
            since = spec.get("acquireTime", self._now())
            return lease | {"spec": self._spec(changes, since)}
        return lease | {"spec": self._spec(changes + 1, self._now())}

    def _spec(self, changes: int, since: str) -> Tree:
        return {
            "holderIdentity": self._holder,
            "leaseDurationSeconds": DURATION_S,
            "acquireTime": since,
            "renewTime": self._now(),
            "leaseTransitions": changes,
        }

    def _now(self) -> str:
        """The time with microseconds, as a Lease has it."""
        return precise_timestamp(self._clock.now())
