"""What the relay's frames contain: changes since the last answer on the same connection.

| kind | content |
|---|---|
| `automated` | the automated policies |
| `api` | an API without its contracts; its content is null if it is the same as before |
| `contracts` | some contracts of this API: few in each frame, so that Checks run in between |
| `removed` | the ids of APIs that are no longer tracked |
| `end` | the state of the environment |
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from adapter.platform_client.disk import rows
from adapter.platform_client.relay.wire import frame
from adapter.platform_client.sync.api_state import ApiState
from adapter.platform_client.sync.empty_list_guard import Policies
from adapter.platform_client.sync.revisions import Revisions
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.policy.contracts.contract import Contract
from adapter.runtime.clock import WallTime

_CONTRACTS_AT_ONCE: Final = 200


class EnvironmentState(NamedTuple):
    """What ends an answer; see the same names in `Environment`."""

    settled: bool
    """Whether the syncing worker knows all APIs. Until then it tells nothing else."""
    last_contact: WallTime | None = None
    automated_revision: int | None = None
    instances_revision: int | None = None
    automated_error: str | None = None


class Changes:
    """An answer, as far as it was read."""

    def __init__(self) -> None:
        self.automated: Policies | None = None
        """None: as before."""
        self.states: list[ApiState] = []
        self.removed: tuple[str, ...] = ()
        self.end: EnvironmentState | None = None
        self._contracts: dict[str, Contract] = {}

    def take(self, content: list[Any]) -> None:
        """Take over the next frame."""
        kind, *rest = content
        if kind == "contracts":
            contracts = map(rows.contract_of, rest)
            self._contracts.update((contract.contract_id, contract) for contract in contracts)
        elif kind == "api":
            self._contracts = {}
            self.states.append(_state_of(*rest, contracts=self._contracts))
        elif kind == "automated":
            self.automated = tuple(map(rows.policy_of, rest))
        elif kind == "removed":
            self.removed = tuple(rest)
        else:
            self.end = EnvironmentState(*rest)


def automated_frame(policies: Policies) -> bytes:
    """The frame of the automated policies."""
    return frame("automated", *map(rows.policy_row, policies))


def api_frames(state: ApiState, content: ApiContent | None) -> Iterator[bytes]:
    """The frames of an API; `content` is None if it need not be sent."""
    instance = state.instance
    yield frame(
        "api",
        [instance.api_id, instance.name, instance.version],
        None if content is None else _head(content),
        *state[2:],
    )
    contracts = iter(() if content is None else content.contracts.values())
    while some := tuple(islice(contracts, _CONTRACTS_AT_ONCE)):
        yield frame("contracts", *map(rows.contract_row, some))


def _head(content: ApiContent) -> list[Any]:
    policies = map(rows.policy_row, content.policies)
    return [list(policies), list(map(rows.tier_row, content.tiers.values()))]


def _state_of(row: Any, head: Any, *rest: Any, contracts: dict[str, Contract]) -> ApiState:
    """The state in a frame; its contracts come later, into this mapping."""
    instance = ApiInstance(*row)
    content = None
    if head is not None:
        policies, tiers = head
        content = ApiContent(
            instance=instance,
            policies=tuple(map(rows.policy_of, policies)),
            tiers={tier.tier_id: tier for tier in map(rows.tier_of, tiers)},
            contracts=contracts,
        )
    origin, gone, confirmed_at, last_error, revisions, document_faults = rest
    return ApiState(
        instance,
        content,
        origin,
        gone,
        confirmed_at,
        last_error,
        Revisions(*revisions),
        tuple(document_faults),
    )
