"""Makes an environment what a file says, through the use cases that people's changes take.

So rules, audit entries, numbers in the contract feed and checks of policies are the same. API
instances are deleted first, because they free labels. Tiers are deprecated and deleted last,
because a file may put contracts on a tier that it deprecates.
"""

from typing import Final

from control_plane.management import apis, applications, given_credentials
from control_plane.management.environment_file.content import Application, Columns, Contract
from control_plane.management.environment_file.contract_steps import ContractSteps
from control_plane.management.environment_file.differences import changed_columns, has_new_secret
from control_plane.management.environment_file.matching import ApiPair, Matched, Pair
from control_plane.management.environment_file.mistake import refused_at
from control_plane.management.environment_file.policy_steps import (
    AutomatedPolicies,
    OwnPolicies,
    apply_policies,
)
from control_plane.management.environment_file.steps import Steps
from control_plane.management.environment_file.tier_steps import TierSteps
from control_plane.store.tables import ApiInstance, ClientApplication

_NOT_IMPORTED: Final = ("name", "redirect_uris", "grant_types", "api_endpoints")


class Apply:
    """Makes the changes of one file. Its mistakes must have been looked for before."""

    def __init__(self, steps: Steps, matched: Matched) -> None:
        self._steps = steps
        self._transaction = steps.transaction
        self._session = steps.transaction.session
        self._matched = matched
        self._new_applications: dict[int, ClientApplication] = {}

    def run(self) -> None:
        """Make all changes; raise MistakenFile for what a use case refuses."""
        for pair in self._matched.apis:
            if self._steps.options.prune and pair.api.wanted is None:
                apis.delete(self._transaction, self._stored_api(pair))
        for application in self._matched.applications.pairs:
            with refused_at(application.path):
                self._apply_application(application)
        automated = AutomatedPolicies(self._steps)
        apply_policies(automated, self._matched.automated, prune=self._steps.options.prune)
        # An instance that exists may give up the label that a new one takes.
        for pair in sorted(self._matched.apis, key=lambda pair: pair.api.stored is None):
            if pair.api.wanted is not None:
                self._apply_api(pair)

    def _stored_api(self, pair: ApiPair) -> ApiInstance:
        return apis.get(self._session, self._steps.environment_id, pair.api.stored_id)

    def _apply_application(self, pair: Pair[Application]) -> None:
        wanted, form = pair.wanted, self._steps.form
        if wanted is None:
            return
        if pair.stored is None:
            self._new_applications[id(pair)] = self._new_application(wanted)
            return
        row = self._application(pair)
        if changed := changed_columns(pair.stored.columns, wanted.columns):
            applications.change(self._transaction, row, changed)
        if wanted.client_secret is not None and has_new_secret(pair.stored, wanted):
            given_credentials.replace_secret(self._transaction, row, wanted.client_secret, form)

    def _new_application(self, wanted: Application) -> ClientApplication:
        if wanted.columns["provider_id"] is not None:
            return self._import(wanted.client_id or "", wanted.columns)
        return given_credentials.register(
            self._transaction,
            wanted.columns,
            self._steps.form,
            client_id=wanted.client_id,
            client_secret=wanted.client_secret,
        )

    def _import(self, client_id: str, columns: Columns) -> ClientApplication:
        """An import has few columns, so the others are changed afterwards."""
        others = {name: value for name, value in columns.items() if name not in _NOT_IMPORTED}
        row = applications.import_client(self._transaction, client_id, others)
        changed = {name: columns[name] for name in _NOT_IMPORTED}
        return applications.change(self._transaction, row, changed)

    def _application(self, pair: Pair[Application]) -> ClientApplication:
        made = self._new_applications.get(id(pair))
        return made or applications.get(
            self._session, self._transaction.organization_id, pair.stored_id
        )

    def _application_of(self, contract: Contract) -> ClientApplication:
        (pair,) = self._matched.applications.named(contract)
        return self._application(pair)

    def _apply_api(self, pair: ApiPair) -> None:
        with refused_at(pair.api.path):
            row = self._api(pair)
        apply_policies(
            OwnPolicies(self._steps, row), pair.policies, prune=self._steps.options.prune
        )
        tiers = TierSteps(self._steps, row, pair.tiers)
        tiers.offer()
        ContractSteps(self._steps, row, tiers, self._application_of).apply(pair.contracts)
        tiers.deprecate()
        if self._steps.options.prune:
            tiers.delete()

    def _api(self, pair: ApiPair) -> ApiInstance:
        stored, wanted = pair.api.stored, pair.api.final
        if stored is None:
            asset = apis.AssetName(wanted.group_id, wanted.asset_id)
            return apis.create(self._transaction, self._steps.environment_id, asset, wanted.columns)
        row = self._stored_api(pair)
        if changed := changed_columns(stored.columns, wanted.columns):
            apis.change(self._transaction, row, changed)
        return row
