"""Writes what an environment contains as the document of an environment file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from control_plane.management.contract_states import State
from control_plane.management.environment_file.content import (
    API_DEFAULTS,
    APPLICATION_DEFAULTS,
    AUTOMATED_DEFAULTS,
    POLICY_DEFAULTS,
    TIER_DEFAULTS,
    Api,
    Application,
    Columns,
    Content,
    Contract,
    Policy,
)
from control_plane.management.environment_file.differences import same
from control_plane.management.environment_file.members import member_of
from control_plane.management.environment_file.routes import routes_member
from control_plane.management.environment_file.secrets import without_secrets

VERSION = 1
"""Of the format."""
_POLICY = {**POLICY_DEFAULTS, **AUTOMATED_DEFAULTS}


class Export:
    """Writes documents, with or without ids and the secrets of policies.

    Client secrets are stored hashed, so they are in no document.
    """

    def __init__(self, *, with_ids: bool, with_secrets: bool) -> None:
        self._with_ids = with_ids
        self._with_secrets = with_secrets

    def document(self, content: Content) -> dict[str, Any]:
        """The document, with those applications that have a contract in the environment."""
        holders = {each.client_id for api in content.apis for each in api.contracts}
        names = Counter(application.name for application in content.applications)
        shared = {name for name, number in names.items() if number > 1}
        lists = {
            "apis": [self._api(api, shared) for api in content.apis],
            "applications": [
                self._application(each)
                for each in content.applications
                if each.client_id in holders
            ],
            "automatedPolicies": [*self._policies(content.automated)],
        }
        return {"version": VERSION, **_filled(lists)}

    def _api(self, api: Api, shared: set[str]) -> dict[str, Any]:
        return {
            **self._id(api.id),
            "groupId": api.group_id,
            "assetId": api.asset_id,
            **self._members(api.columns, API_DEFAULTS),
            **routes_member(self._shown(api.columns)["routing"]),
            **_filled(
                {
                    "policies": [*self._policies(api.policies)],
                    "tiers": [self._members(tier.columns, TIER_DEFAULTS) for tier in api.tiers],
                    "contracts": [_contract(each, shared) for each in api.contracts],
                }
            ),
        }

    def _policies(self, policies: Sequence[Policy]) -> Iterator[dict[str, Any]]:
        types = Counter(policy.type for policy in policies)
        for policy in policies:
            number = self._id(policy.id) if types[policy.type] > 1 else {}
            yield {**number, **self._members(policy.columns, _POLICY)}

    def _application(self, application: Application) -> dict[str, Any]:
        members = self._members(application.columns, APPLICATION_DEFAULTS)
        return {"name": members.pop("name"), "clientId": application.client_id, **members}

    def _id(self, number: int | None) -> dict[str, Any]:
        return {"id": number} if self._with_ids else {}

    def _shown(self, columns: Columns) -> Columns:
        return columns if self._with_secrets else without_secrets(columns)

    def _members(self, columns: Columns, defaults: Columns) -> dict[str, Any]:
        """The members that do not have their defaults."""
        shown = self._shown(columns)
        return {
            member_of(name): shown[name]
            for name, value in columns.items()
            if not same(value, defaults[name])
        }


def _contract(contract: Contract, shared: set[str]) -> dict[str, Any]:
    """The contract, with the client id where the name of the application is not clear."""
    is_clear = contract.application not in shared
    holder = {"application": contract.application} if is_clear else {"clientId": contract.client_id}
    members = {"tier": contract.tier, "requestedTier": contract.requested_tier}
    if contract.status != State.APPROVED:
        members["status"] = contract.status
    return holder | {name: value for name, value in members.items() if value is not None}


def _filled(lists: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: things for name, things in lists.items() if things}
