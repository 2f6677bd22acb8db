"""Suggestions become Events in the cluster, where `kubectl describe` shows them."""

from typing import Final

import structlog

from adapter.controller.core.desired_objects import PROGRAM
from adapter.controller.core.resources import EVENT
from adapter.controller.core.suggestions import Suggestion
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import CONFLICT, ApiServerError
from adapter.controller.kubernetes.times import timestamp
from adapter.envoy_config.parts.tree import Tree
from adapter.runtime.clock import Clock, WallTime

_MOST: Final = 1000
"""How many suggestions with an Event are remembered."""


class SuggestionEvents:
    """Writes an Event for each suggestion, once while this process runs.

    The name of an Event follows from the object, so a second controller writes no second one.
    """

    def __init__(self, client: KubernetesClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._told: dict[str, None] = {}

    async def tell(self, suggestions: tuple[Suggestion, ...]) -> None:
        """Write what is new. A failure is logged, and tried again the next time."""
        for suggestion in suggestions[:_MOST]:
            if suggestion.uid in self._told:
                continue
            try:
                await self._write(suggestion)
            except ApiServerError as e:
                structlog.get_logger().warning("controller.event_failed", error=str(e))
                return
            self._told[suggestion.uid] = None
        current = {suggestion.uid for suggestion in suggestions}
        self._told = {uid: None for uid in self._told if uid in current}

    async def _write(self, suggestion: Suggestion) -> None:
        content = _event(suggestion, self._clock.now())
        try:
            await self._client.create(EVENT, suggestion.about.namespace, content)
        except ApiServerError as e:
            if e.status != CONFLICT:
                raise
        structlog.get_logger().info("controller.suggestion", about=str(suggestion.about))


def _event(suggestion: Suggestion, now: WallTime) -> Tree:
    about = suggestion.about
    time = timestamp(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"unbound-{suggestion.uid}", "namespace": about.namespace},
        "involvedObject": {
            "apiVersion": about.resource.api_version,
            "kind": about.resource.kind,
            "namespace": about.namespace,
            "name": about.name,
            "uid": suggestion.uid,
        },
        "reason": "NoApiBinding",
        "message": suggestion.message,
        "type": "Normal",
        "source": {"component": PROGRAM},
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }
