"""What an apply would change, for people: one `Change` for each thing."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from control_plane.management.environment_file.content import Policy
from control_plane.management.environment_file.differences import MemberChange, differences
from control_plane.management.environment_file.matching import ApiPair, Matched, Pair, Thing
from control_plane.management.environment_file.members import described


class Kind(StrEnum):
    """What kind of thing changes, as the audit log calls it."""

    APPLICATION = "application"
    API = "api"
    TIER = "tier"
    POLICY = "policy"
    CONTRACT = "contract"
    AUTOMATED_POLICY = "automated_policy"


_WORDS: Final = {Kind.API: "API instance", Kind.AUTOMATED_POLICY: "automated policy"}


class Action(StrEnum):
    """What becomes of a thing."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    REORDER = "reorder"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is created, changed or deleted, or a list that gets another order."""

    action: Action
    kind: Kind
    thing: str
    """What it is, such as `policy cors of API instance 17 (orders 1.0.0)`."""
    path: str = ""
    """Its place in the file; empty if it is not there."""
    members: Sequence[MemberChange] = ()


def changes_of(matched: Matched, *, prune: bool) -> list[Change]:
    """All changes, in the order of the file. `prune` deletes what is not in it.

    Applications belong to the organization, so they are never deleted.
    """
    found = [*_each(Kind.APPLICATION, "", matched.applications.pairs, prune=False)]
    found += _each(Kind.AUTOMATED_POLICY, "", matched.automated, prune=prune)
    kind, place = Kind.AUTOMATED_POLICY, "automatedPolicies"
    found += _order(kind, "automated policies", place, matched.automated, prune=prune)
    for pair in matched.apis:
        found += _api_changes(pair, prune=prune)
    return found


def _api_changes(pair: ApiPair, *, prune: bool) -> Iterator[Change]:
    yield from _each(Kind.API, _belongings(pair), [pair.api], prune=prune)
    if pair.api.wanted is None:
        return
    owner = f" of API instance {described(pair.api.known)}"
    yield from _each(Kind.TIER, owner, pair.tiers, prune=prune)
    yield from _each(Kind.POLICY, owner, pair.policies, prune=prune)
    place = f"{pair.api.path}.policies"
    yield from _order(Kind.POLICY, f"policies{owner}", place, pair.policies, prune=prune)
    owner = owner.replace("of", "with", 1)
    yield from _each(Kind.CONTRACT, owner, pair.contracts, prune=prune)


def _belongings(pair: ApiPair) -> str:
    """What is deleted together with an API instance; empty if it stays."""
    if pair.api.wanted is not None:
        return ""
    things = (("policies", pair.policies), ("tiers", pair.tiers), ("contracts", pair.contracts))
    numbers = [f"{name}: {len(pairs)}" for name, pairs in things if pairs]
    return f" and what belongs to it ({', '.join(numbers)})" if numbers else ""


def _each(kind: Kind, owner: str, pairs: Sequence[Pair[Thing]], *, prune: bool) -> Iterator[Change]:
    for pair in pairs:
        thing = f"{_WORDS.get(kind, kind)} {described(pair.known)}{owner}"
        if pair.stored is None:
            yield Change(Action.CREATE, kind, thing, pair.path)
        elif pair.wanted is not None:
            if members := differences(pair.stored, pair.wanted):
                yield Change(Action.CHANGE, kind, thing, pair.path, members)
        elif prune:
            yield Change(Action.DELETE, kind, thing)


def _order(
    kind: Kind, thing: str, path: str, pairs: Sequence[Pair[Policy]], *, prune: bool
) -> Iterator[Change]:
    if (wanted := new_order(pairs, prune=prune)) is not None:
        stored = sorted((pair for pair in wanted if pair.stored), key=_place)
        before, after = ([described(pair.known) for pair in pairs] for pairs in (stored, wanted))
        yield Change(Action.REORDER, kind, thing, path, [MemberChange("order", before, after)])


def new_order(pairs: Sequence[Pair[Policy]], *, prune: bool) -> list[Pair[Policy]] | None:
    """The policies of the file, then the others; None if they are in this order already.

    New policies come last until they get their place.
    """
    wanted = [pair for pair in pairs if pair.wanted is not None or not prune]
    places = [_place(pair) for pair in wanted]
    return None if places == sorted(places) else wanted


def _place(pair: Pair[Policy]) -> float:
    return math.inf if pair.stored is None else pair.stored.place or 0
