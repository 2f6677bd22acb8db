"""Applies the contracts of one API instance.

A contract is made in the state that the file says: who writes the file decides what an admin would
decide. Its way there is the one of `contract_states`.
"""

from collections.abc import Callable, Sequence
from typing import Final

from control_plane.management import audit_log, contracts
from control_plane.management.change_feed import next_change
from control_plane.management.contract_states import Event, State, event_leading_to, happen
from control_plane.management.contracts import ContractChange
from control_plane.management.environment_file.content import Contract
from control_plane.management.environment_file.matching import Pair
from control_plane.management.environment_file.mistake import refused_at
from control_plane.management.environment_file.steps import Steps
from control_plane.management.environment_file.tier_steps import TierSteps
from control_plane.store import tables
from control_plane.store.tables import ApiInstance, ClientApplication

_WAYS: Final = {
    State.PENDING: (Event.REQUEST,),
    State.REJECTED: (Event.REQUEST, Event.REJECT),
    State.APPROVED: (Event.REQUEST, Event.APPROVE),
    State.REVOKED: (Event.REQUEST, Event.APPROVE, Event.REVOKE),
}
"""What happens to a new contract until it is in its state."""


class ContractSteps:
    """The contracts of one API instance."""

    def __init__(
        self,
        steps: Steps,
        api: ApiInstance,
        tiers: TierSteps,
        application_of: Callable[[Contract], ClientApplication],
    ) -> None:
        self._steps = steps
        self._transaction = steps.transaction
        self._api = api
        self._tiers = tiers
        self._application_of = application_of

    def apply(self, pairs: Sequence[Pair[Contract]]) -> None:
        """Delete, change and create contracts."""
        for pair in pairs:
            with refused_at(pair.path):
                if pair.wanted is None:
                    if self._steps.options.prune and pair.stored is not None:
                        self._delete(self._row(pair))
                elif pair.stored is None:
                    self._create(pair.wanted)
                else:
                    self._change(self._row(pair), pair.wanted)

    def _row(self, pair: Pair[Contract]) -> tables.Contract:
        return contracts.get(self._transaction.session, self._api, pair.stored_id)

    def _create(self, wanted: Contract) -> None:
        transaction = self._transaction
        contract = tables.Contract(
            api_id=self._api.id,
            environment_id=self._api.environment_id,
            application=self._application_of(wanted),
            status=State.NEW,
            accepted_terms=False,
            change=next_change(transaction),
            created_at=transaction.now,
        )
        self._settle(contract, wanted, _WAYS[State(wanted.status)])
        transaction.session.add(contract)
        audit_log.record_creation(transaction, contract)

    def _change(self, row: tables.Contract, wanted: Contract) -> None:
        """Change what differs now: a changed tier may have approved the contract already."""
        tier, asked = self._tier(wanted.tier), self._tier(wanted.requested_tier)
        if (row.status, row.tier, row.requested_tier) == (wanted.status, tier, asked):
            return
        transaction = self._transaction
        with audit_log.recorded_change(transaction, row) as entry:
            if row.status == wanted.status:
                self._settle(row, wanted, ())
            else:
                entry.action = event = event_leading_to(State(wanted.status), row)
                self._settle(row, wanted, (event,))
            row.updated_at = transaction.now
            row.change = next_change(transaction)

    def _settle(self, contract: tables.Contract, wanted: Contract, events: Sequence[Event]) -> None:
        """Bring the contract into its state, and give it exactly the tiers that are wanted."""
        tier, asked = self._tier(wanted.tier), self._tier(wanted.requested_tier)
        contract.tier, contract.requested_tier = tier, None if tier else asked
        contract.lost_tier = None if tier else contract.lost_tier
        for event in events:
            happen(contract, event, self._transaction.now)
            contract.decision_reason = None
        contract.tier, contract.requested_tier = tier, asked

    def _tier(self, name: str | None) -> tables.SlaTier | None:
        return None if name is None else self._tiers.row(name)

    def _delete(self, row: tables.Contract) -> None:
        """An approved contract is revoked first, as everywhere."""
        if row.status == State.APPROVED:
            contracts.change(self._transaction, row, ContractChange(status=State.REVOKED))
        contracts.delete(self._transaction, row)
