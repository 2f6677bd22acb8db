"""The use case: one request in, an explanation of its decision out. Nothing happens to it."""

from collections.abc import Callable
from typing import Final

from adapter.authorization.gatekeeper import Gatekeeper
from adapter.policy.decision import Denied
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.explain import Explanation, explain
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.snapshot import Snapshot

_SHOWN: Final = 10


class Explainer:
    """Explains with the current snapshot.

    `known` says the outcome of an effect without performing it: see `policy.explain`. Without a
    gatekeeper, the snapshot is taken as it is.
    """

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        known: Callable[[Effect], Outcome | None],
        gatekeeper: Gatekeeper | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._known = known
        self._gatekeeper = gatekeeper

    def explain(self, request: RequestAttributes) -> Explanation:
        """Explain a request to the API that it names. Raises KeyError if there is no such API."""
        snapshot, api_id = self._snapshot(), request.api_id
        if self._gatekeeper is not None:
            objection = self._gatekeeper.objection(api_id, loaded=api_id in snapshot.apis)
            if objection is not None:
                return Explanation(Denied(objection, snapshot.revision))
        return explain(request, snapshot.apis[api_id], snapshot.revision, self._known)

    def known_apis(self) -> str:
        """The first APIs of the snapshot, for people."""
        apis = self._snapshot().apis
        some = [f"{api_id} ({api.instance.name})" for api_id, api in apis.items()][:_SHOWN]
        return ", ".join(some) + (", ..." if len(apis) > _SHOWN else "") or "none"
