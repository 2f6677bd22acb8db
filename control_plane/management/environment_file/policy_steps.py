"""Applies the policies of one API instance, or the automated ones of an environment."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from control_plane.management import automated_policies, policies, policy_chains
from control_plane.management.environment_file.changes import new_order
from control_plane.management.environment_file.content import DEFAULT_ORDER, Policy
from control_plane.management.environment_file.differences import changed_columns
from control_plane.management.environment_file.matching import Pair
from control_plane.management.environment_file.mistake import refused_at
from control_plane.management.environment_file.steps import Steps
from control_plane.store import tables
from control_plane.store.tables import ApiInstance, AutomatedPolicy

Row = TypeVar("Row", tables.Policy, AutomatedPolicy)


class PolicyKind(Generic[Row]):
    """How one kind of policies is changed."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.transaction = steps.transaction

    def row(self, policy_id: int) -> Row:
        """The stored policy."""
        raise NotImplementedError

    def create(self, columns: Mapping[str, Any]) -> Row:
        """Apply a policy as the last one."""
        raise NotImplementedError

    def change(self, row: Row, columns: Mapping[str, Any]) -> None:
        """Change the named columns."""
        raise NotImplementedError

    def delete(self, row: Row) -> None:
        """Remove the policy."""
        raise NotImplementedError

    def reorder(self, policy_ids: Sequence[int]) -> None:
        """Give all policies this order."""
        raise NotImplementedError


class OwnPolicies(PolicyKind[tables.Policy]):
    """The policies of one API instance."""

    def __init__(self, steps: Steps, api: ApiInstance) -> None:
        super().__init__(steps)
        self._api = api

    def row(self, policy_id: int) -> tables.Policy:
        """See the base class."""
        return policies.get(self.transaction.session, self._api, policy_id)

    def create(self, columns: Mapping[str, Any]) -> tables.Policy:
        """See the base class."""
        steps = self.steps
        return policies.apply(
            self.transaction,
            self._api,
            columns,
            steps.checks,
            allow_unknown=steps.options.allow_unknown,
            allow_duplicated=True,
        )

    def change(self, row: tables.Policy, columns: Mapping[str, Any]) -> None:
        """See the base class."""
        steps = self.steps
        policies.change(
            self.transaction, row, columns, steps.checks, allow_unknown=steps.options.allow_unknown
        )

    def delete(self, row: tables.Policy) -> None:
        """See the base class."""
        policies.delete(self.transaction, row)

    def reorder(self, policy_ids: Sequence[int]) -> None:
        """See the base class."""
        places = {policy_id: place for place, policy_id in enumerate(policy_ids, start=1)}
        policies.reorder(self.transaction, self._api, places)


class AutomatedPolicies(PolicyKind[AutomatedPolicy]):
    """The automated policies of the environment."""

    def row(self, policy_id: int) -> AutomatedPolicy:
        """See the base class."""
        transaction = self.transaction
        return automated_policies.get(transaction.session, transaction.organization_id, policy_id)

    def create(self, columns: Mapping[str, Any]) -> AutomatedPolicy:
        """See the base class."""
        steps = self.steps
        placed = {
            **self._with_whole_rule(columns),
            "environment_id": steps.environment_id,
            "order": self._last_place() + 1,
        }
        return automated_policies.apply(
            self.transaction, placed, steps.checks, allow_unknown=steps.options.allow_unknown
        )

    def _last_place(self) -> int:
        """A policy without an order has a place in the middle."""
        rows = automated_policies.of_environment(
            self.transaction.session, self.steps.environment_id
        )
        return max((DEFAULT_ORDER if row.order is None else row.order for row in rows), default=0)

    def _with_whole_rule(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        if "rule_of_application" not in columns:
            return {**columns}
        names = {
            "environmentId": self.steps.environment_id,
            "organizationId": self.transaction.organization_id,
        }
        return {**columns, "rule_of_application": {**columns["rule_of_application"], **names}}

    def change(self, row: AutomatedPolicy, columns: Mapping[str, Any]) -> None:
        """See the base class."""
        steps = self.steps
        automated_policies.change(
            self.transaction,
            row,
            self._with_whole_rule(columns),
            steps.checks,
            allow_unknown=steps.options.allow_unknown,
        )

    def delete(self, row: AutomatedPolicy) -> None:
        """See the base class."""
        automated_policies.delete(self.transaction, row)

    def reorder(self, policy_ids: Sequence[int]) -> None:
        """See the base class."""
        session, environment_id = self.transaction.session, self.steps.environment_id
        session.flush()
        links = policy_chains.in_order(
            [], automated_policies.of_environment(session, environment_id)
        )
        version = policy_chains.order_version(link.policy for link in links)
        policy_chains.reorder_automated(self.transaction, environment_id, policy_ids, version)


def apply_policies(kind: PolicyKind[Row], pairs: Sequence[Pair[Policy]], *, prune: bool) -> None:
    """Delete, change, create and order policies."""
    for pair in pairs:
        if prune and pair.wanted is None and pair.stored is not None:
            kind.delete(kind.row(pair.stored_id))
    kind.transaction.session.flush()
    ids = {id(pair): pair.stored_id for pair in pairs}
    for pair in pairs:
        with refused_at(pair.path):
            if pair.wanted is not None and pair.stored is None:
                ids[id(pair)] = kind.create(pair.wanted.columns).id
            elif changed := _changed(pair):
                kind.change(kind.row(pair.stored_id), changed)
    if (order := new_order(pairs, prune=prune)) is not None:
        kind.reorder([ids[id(pair)] for pair in order])


def _changed(pair: Pair[Policy]) -> Mapping[str, Any]:
    if pair.wanted is None or pair.stored is None:
        return {}
    return changed_columns(pair.stored.columns, pair.wanted.columns)
