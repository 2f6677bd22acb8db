"""Keeps the objects of one resource up to date: a list, and then a watch of its changes."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Any, Final, cast

import structlog

from adapter.controller.core.resources import API_BINDING, Resource
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import EXPIRED, NOT_FOUND, ApiServerError
from adapter.envoy_config.parts.tree import Tree
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_ABSENT_S: Final = 10.0
"""How often to look whether the definition of a resource is there by now. An API server that starts
needs less to know its definitions."""
_KEPT_METADATA: Final = (
    *("name", "namespace", "uid", "generation", "creationTimestamp", "labels", "resourceVersion"),
)


class WatchedResource:
    """The objects of one resource, as the API server has them.

    While the API server is away, the last known objects stay. `changed` is called after each
    change, and `failed` with the resource's name after each failure.
    """

    def __init__(
        self,
        client: KubernetesClient,
        resource: Resource,
        clock: Clock,
        jitter: Jitter,
        *,
        changed: Callable[[], None],
        failed: Callable[[str], None],
        namespace: str | None = None,
        selector: str = "",
    ) -> None:
        self.resource: Final = resource
        self.is_synced = False
        """Whether the objects were listed once."""
        self.last_error = ""
        """Empty if the last list or watch worked."""
        self._client = client
        self._clock = clock
        self._backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, jitter)
        self._changed = changed
        self._failed = failed
        self._namespace = namespace
        self._selector = selector
        self._objects: dict[tuple[str, str], Tree] = {}
        self._version = ""
        """Where to watch from; empty if a list is needed."""
        self._absences = 0
        self._is_known = False
        """Whether the API server ever had this resource."""
        self._log = structlog.get_logger().bind(resource=resource.kind)

    @property
    def objects(self) -> Mapping[tuple[str, str], Tree]:
        """By namespace and name. A copy that does not change."""
        return MappingProxyType(dict(self._objects))

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._follow()
            except ApiServerError as e:
                await self._clock.sleep(self._pause_after(e))

    def _pause_after(self, error: ApiServerError) -> float:
        """Seconds to wait before the next list."""
        self._version = ""
        if error.status == EXPIRED:  # what happens after a long break of the connection
            return self._backoff.failed()
        if error.status == NOT_FOUND and not self._is_known:
            return self._absent()
        if str(error) != self.last_error:
            self._log.warning("controller.watch_failed", error=str(error))
        self.last_error = str(error)
        self._failed(self.resource.kind)
        return self._backoff.failed(error.retry_after_s)

    def _absent(self) -> float:
        """The cluster does not have this kind of object, or an API server that starts says so.

        Without the definition of ApiBinding, nothing is known, so nothing may be removed.
        """
        self._absences += 1
        if self.resource == API_BINDING:
            self.last_error = "its definition is not installed"
        elif self._absences > 1 and not self.is_synced:
            self._log.info("controller.resource_not_installed")
            self.is_synced = True
            self._changed()
        return _ABSENT_S

    async def _list(self) -> None:
        listed = await self._client.list(self.resource, self._namespace, self._selector)
        self._objects = {_place(content): self._slim(content) for content in listed.items}
        self._version = listed.version
        self._is_known = self.is_synced = True
        if self.last_error:
            self._log.info("controller.watch_works_again")
        self.last_error = ""
        self._changed()

    async def _follow(self) -> None:
        """Take over changes until the server ends the watch."""
        started = self._clock.monotonic()
        count = 0
        watch = self._client.watch(self.resource, self._namespace, self._selector, self._version)
        async with aclosing(watch) as events:
            async for event in events:
                count += 1
                self._take(event.kind, event.content)
                self._version = event.content["metadata"]["resourceVersion"]
                self._backoff.succeeded()
        if not count and self._clock.monotonic() - started < 1:
            raise ApiServerError("the API server ends each watch at once")
        self._backoff.succeeded()

    def _take(self, kind: str, content: Tree) -> None:
        if kind == "BOOKMARK":
            return
        place = _place(content)
        before = self._objects.get(place)
        if kind == "DELETED":
            self._objects.pop(place, None)
        else:
            self._objects[place] = self._slim(content)
        if kind == "DELETED" or _means_change(before, self._objects[place]):
            self._changed()

    def _slim(self, content: Tree) -> Tree:
        """The parts that the controller reads. A null means the same as a field that is missing."""
        metadata = {k: v for k, v in content["metadata"].items() if k in _KEPT_METADATA}
        parts: Iterable[str] = ("spec", "status") if self.resource == API_BINDING else ("spec",)
        read = {"metadata": metadata, **{p: content[p] for p in parts if p in content}}
        return cast("Tree", _without_nulls(read))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _place(content: Tree) -> tuple[str, str]:
    return content["metadata"].get("namespace", ""), content["metadata"]["name"]


def _means_change(before: Tree | None, after: Tree) -> bool:
    """Whether more than the status has changed."""
    if before is None:
        return True
    old, new = before["metadata"], after["metadata"]
    is_same = before.get("spec") == after.get("spec")
    return not is_same or (old["uid"], old.get("labels")) != (new["uid"], new.get("labels"))
