"""What a file says that is allowed, and probably not meant."""

from collections.abc import Iterator

from control_plane.management.contract_states import State
from control_plane.management.contract_warnings import of_tier
from control_plane.management.environment_file.content import Policy, Tier
from control_plane.management.environment_file.differences import changed_columns
from control_plane.management.environment_file.matching import (
    ApiPair,
    Applications,
    Matched,
    Pair,
)
from control_plane.management.environment_file.members import described
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.store.tables import SlaTier


def warnings_of(matched: Matched, checks: PolicyChecks) -> Iterator[str]:
    """Warnings about what is new, and about what changes; each with its place in the file."""
    yield from _of_applications(matched.applications)
    policies = [*matched.automated, *(policy for api in matched.apis for policy in api.policies)]
    for policy in policies:
        yield from _of_policy(policy, checks)
    for api in matched.apis:
        yield from _of_tiers(api)
        yield from _of_contracts(api)


def _of_applications(applications: Applications) -> Iterator[str]:
    for pair in applications.pairs:
        new = pair.wanted if pair.stored is None else None
        if new and new.client_secret is None and new.columns["provider_id"] is None:
            yield (
                f"application {described(new)} gets a secret that nobody knows; reset it, or "
                "add clientSecret to the file"
            )


def _of_policy(pair: Pair[Policy], checks: PolicyChecks) -> Iterator[str]:
    if _changes(pair):
        columns = pair.final.columns
        found = checks.findings(columns["asset_id"], columns["configuration"], columns["pointcut"])
        yield from (f"{pair.path}: {warning}" for warning in found.warnings)


def _of_tiers(api: ApiPair) -> Iterator[str]:
    for pair in api.tiers:
        if _changes(pair):
            tier = SlaTier(name=pair.final.name, limits=pair.final.columns["limits"])
            yield from (f"{pair.path}: {warning}" for warning in of_tier(tier))


def _changes(pair: Pair[Policy] | Pair[Tier]) -> bool:
    if pair.wanted is None or pair.stored is None:
        return pair.wanted is not None
    return bool(changed_columns(pair.stored.columns, pair.wanted.columns))


def _of_contracts(api: ApiPair) -> Iterator[str]:
    for pair in api.contracts:
        new = pair.wanted if pair.stored is None else None
        if new and new.lacks_its_tier and new.status == State.APPROVED:
            yield (
                f"{pair.path}: the contract is approved without a tier; to let it wait for the "
                "requestedTier, write status: PENDING"
            )
