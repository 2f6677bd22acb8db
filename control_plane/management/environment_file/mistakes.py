"""Why a file can't be applied: all reasons at once, each with its place in the file."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Final

from control_plane.management.environment_file.content import Api, Application, Policy
from control_plane.management.environment_file.contract_mistakes import contract_mistakes
from control_plane.management.environment_file.differences import changed_columns
from control_plane.management.environment_file.matching import (
    ApiPair,
    Applications,
    Matched,
    Pair,
    Thing,
)
from control_plane.management.environment_file.mistake import Mistake
from control_plane.management.environment_file.secrets import left_masks, without_secrets
from control_plane.management.environment_file.steps import Options
from control_plane.management.policy_checks.checks import PolicyChecks

_OTHER_ENVIRONMENT: Final = (
    "leave out the ids of a file that comes from another environment (export --without-ids)"
)

_UNKNOWN_TYPE: Final = "; a type that your gateways know can be stored with --allow-unknown"


def mistakes_of(matched: Matched, checks: PolicyChecks, options: Options) -> list[Mistake]:
    """Everything that is wrong with the file in this environment."""
    prune = options.prune
    found = [*_of_applications(matched.applications)]
    found += _of_policies(matched.automated, checks, options)
    found += _of_apis(matched.apis, prune=prune)
    for pair in matched.apis:
        if pair.api.wanted is not None:
            found += _twice(pair.tiers, "name", lambda tier: tier.name)
            found += _of_policies(pair.policies, checks, options)
            found += contract_mistakes(pair, matched.applications, prune=prune)
    return found


def _twice(
    pairs: Sequence[Pair[Thing]], member: str, key: Callable[[Thing], Hashable | None]
) -> Iterator[Mistake]:
    """The things of the file whose key another one has, too."""
    keys = [(pair, key(pair.wanted)) for pair in pairs if pair.wanted is not None]
    first: dict[Hashable, str] = {}
    for pair, found in keys:
        if found is not None and first.setdefault(found, pair.path) != pair.path:
            yield Mistake(f"{pair.path}.{member}", f"is the same as in {first[found]}")


def _unknown_ids(pairs: Sequence[Pair[Thing]], what: str) -> Iterator[Mistake]:
    for pair in pairs:
        if pair.wanted is not None and pair.wanted.id is not None and pair.stored is None:
            message = f"there is no {what} {pair.wanted.id} here; {_OTHER_ENVIRONMENT}"
            yield Mistake(f"{pair.path}.id", message)


def _of_applications(applications: Applications) -> Iterator[Mistake]:
    pairs = applications.pairs
    yield from _twice(pairs, "clientId", lambda each: each.client_id)
    unnumbered = [pair for pair in pairs if pair.wanted and pair.wanted.client_id is None]
    yield from _twice(unnumbered, "name", lambda each: each.name)
    for pair in pairs:
        if pair.wanted is not None:
            yield from _of_application(pair, pair.wanted)


def _of_application(pair: Pair[Application], wanted: Application) -> Iterator[Mistake]:
    provider = wanted.columns["provider_id"]
    if not pair.is_sure and wanted.client_id is None:
        message = f"several applications are called {wanted.name!r}; add the clientId"
        yield Mistake(f"{pair.path}.name", message)
    if provider is not None and wanted.client_secret is not None:
        message = "leave it out: the identity provider of providerId knows the secret"
        yield Mistake(f"{pair.path}.clientSecret", message)
    if provider is not None and wanted.client_id is None:
        yield Mistake(f"{pair.path}.clientId", "is required with providerId")
    if pair.stored is not None and pair.stored.columns["provider_id"] != provider:
        yield Mistake(f"{pair.path}.providerId", "can't change")


def _of_apis(pairs: Sequence[ApiPair], *, prune: bool) -> Iterator[Mistake]:
    apis = [pair.api for pair in pairs]
    yield from _twice(apis, "id", lambda api: api.id)
    yield from _unknown_ids(apis, "API instance")
    yield from _unclear(apis)
    yield from _twice(apis, "instanceLabel", lambda api: api.columns["instance_label"])
    yield from _taken_labels(apis, prune=prune)
    for pair in apis:
        if pair.wanted is None:
            continue
        yield from (_left_mask(path) for path in left_masks(pair))
        if pair.stored is not None:
            yield from _fixed(pair.path, "groupId", pair.stored.group_id, pair.wanted.group_id)
            yield from _fixed(pair.path, "assetId", pair.stored.asset_id, pair.wanted.asset_id)
            technologies = (each.columns["technology"] for each in (pair.stored, pair.wanted))
            yield from _fixed(pair.path, "technology", *technologies)


def _taken_labels(apis: Sequence[Pair[Api]], *, prune: bool) -> Iterator[Mistake]:
    """Labels of API instances that stay without being in the file."""
    kept = [] if prune else [pair.known for pair in apis if pair.wanted is None]
    holders = {api.columns["instance_label"]: api.id for api in kept} | {None: None}
    for pair in apis:
        label = pair.wanted and pair.wanted.columns["instance_label"]
        if (holder := holders.get(label)) is not None:
            yield Mistake(f"{pair.path}.instanceLabel", f"is the label of API instance {holder}")


def _unclear(pairs: Sequence[Pair[Api]]) -> Iterator[Mistake]:
    """API instances that only an id could tell apart."""
    first: dict[Hashable, Pair[Api]] = {}
    for pair in pairs:
        if pair.wanted is None:
            continue
        other = first.setdefault(pair.wanted.key, pair)
        if other is not pair and not (_has_id(pair) and _has_id(other)):
            message = f"has the asset, version and label of {other.path}; give each of them its id"
            yield Mistake(pair.path, message)
        elif other is pair and not pair.is_sure:
            message = "several API instances have this asset, version and label; add the id"
            yield Mistake(pair.path, message)


def _has_id(pair: Pair[Api]) -> bool:
    return pair.wanted is not None and pair.wanted.id is not None


def _fixed(path: str, member: str, stored: str, wanted: str) -> Iterator[Mistake]:
    if stored != wanted:
        yield Mistake(f"{path}.{member}", f"can't change; on the platform it is {stored}")


def _left_mask(path: str) -> Mistake:
    return Mistake(
        path, "*** stands for a stored secret, and none is stored here; write the secret"
    )


def _of_policies(
    pairs: Sequence[Pair[Policy]], checks: PolicyChecks, options: Options
) -> Iterator[Mistake]:
    yield from _twice(pairs, "id", lambda policy: policy.id)
    yield from _unknown_ids(pairs, "policy")
    for pair in pairs:
        if pair.wanted is None:
            continue
        masks = [*left_masks(pair)]
        if masks and not pair.is_sure:
            message = "*** is not clear: there are several policies of this type; add their ids"
            yield from (Mistake(path, message) for path in masks)
        else:
            yield from map(_left_mask, masks)
        if pair.stored is not None:
            group, asset = pair.stored.type
            yield from _fixed(pair.path, "groupId", group, pair.wanted.type[0])
            yield from _fixed(pair.path, "assetId", asset, pair.wanted.type[1])
        if not masks:
            yield from _faults(pair, pair.wanted, checks, options)


def _faults(
    pair: Pair[Policy], wanted: Policy, checks: PolicyChecks, options: Options
) -> Iterator[Mistake]:
    """What the use case would refuse: it checks new policies, and changes of what they do."""
    shown = (lambda columns: columns) if options.compares_secrets else without_secrets
    changed = (
        changed_columns(shown(pair.stored.columns), shown(wanted.columns))
        if pair.stored
        else wanted.columns
    )
    if changed.keys() & {"configuration", "pointcut"}:
        for fault in checks.faults(wanted.columns, allow_unknown=options.allow_unknown):
            hint = _UNKNOWN_TYPE if fault.field == "assetId" else ""
            yield Mistake(f"{pair.path}.{fault.field}", f"{fault.message}{hint}")
