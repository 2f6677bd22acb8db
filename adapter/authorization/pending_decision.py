# mypyc: compiled
"""A decision that is not there yet."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from adapter.policy.decision import Decision
from adapter.runtime.deferred import Deferred


class PendingDecision(Deferred[Decision]):
    """The decision about a request to this API; nothing is done for it before it is awaited."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, Decision]], api_id: str) -> None:
        super().__init__(begin)
        self.api_id: Final = api_id
