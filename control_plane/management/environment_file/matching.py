"""Pairs what a file wants with what is stored.

See "How things are found" in docs/environment-file.md.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from control_plane.management.environment_file.content import (
    Api,
    Application,
    Content,
    Contract,
    Policy,
    Tier,
)

Thing = TypeVar("Thing", Api, Policy, Tier, Contract, Application)


@dataclass(frozen=True, slots=True)
class Pair(Generic[Thing]):
    """What is wanted and what is stored of one thing; one of the two may be missing."""

    stored: Thing | None
    wanted: Thing | None
    path: str = ""
    """The place of the wanted thing in the file, such as `apis.0.policies.1`."""
    is_sure: bool = True
    """Whether nothing else that is stored, or in the file, could have been meant."""

    @property
    def stored_id(self) -> int:
        """The id of what is stored; 0 if nothing is."""
        return (self.stored and self.stored.id) or 0

    @property
    def known(self) -> Thing:
        """The thing as people know it: the stored one, or else the wanted one."""
        return _one_of(self.stored, self.wanted)

    @property
    def final(self) -> Thing:
        """The thing after the apply: the wanted one, or else the stored one if it stays."""
        return _one_of(self.wanted, self.stored)


def _one_of(first: Thing | None, second: Thing | None) -> Thing:
    found = second if first is None else first
    assert found is not None  # noqa: S101 - a pair has one of them
    return found


class Applications:
    """The applications of the file and of the organization, as contracts name them."""

    def __init__(self, pairs: Sequence[Pair[Application]]) -> None:
        self.pairs = pairs
        self._by_client_id = {
            client_id: pair
            for pair in pairs
            for thing in (pair.stored, pair.wanted)
            if thing and (client_id := thing.client_id)
        }
        self._in_file: dict[str, list[Pair[Application]]] = defaultdict(list)
        self._stored: dict[str, list[Pair[Application]]] = defaultdict(list)
        for pair in pairs:
            if pair.wanted:
                self._in_file[pair.wanted.name].append(pair)
            if pair.stored:
                self._stored[pair.stored.name].append(pair)

    def named(self, contract: Contract) -> list[Pair[Application]]:
        """What the contract may mean. A name means an application of the file first."""
        if contract.client_id is not None:
            found = self._by_client_id.get(contract.client_id)
            return [found] if found else []
        name = contract.application or ""
        return self._in_file.get(name) or self._stored.get(name) or []

    def of(self, contract: Contract) -> Pair[Application] | None:
        """The application of the contract; None if it is not there, or not clear."""
        found = self.named(contract)
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class ApiPair:
    """An API instance, and what belongs to it."""

    api: Pair[Api]
    policies: Sequence[Pair[Policy]]
    tiers: Sequence[Pair[Tier]]
    contracts: Sequence[Pair[Contract]]


@dataclass(frozen=True, slots=True)
class Matched:
    """A whole file and a whole environment. What is in the file comes first, in its order."""

    apis: Sequence[ApiPair]
    applications: Applications
    automated: Sequence[Pair[Policy]]


def match(stored: Content, wanted: Content) -> Matched:
    """Pair everything. What is wrong with the pairs is left for `mistakes`."""
    applications = Applications(_applications(stored.applications, wanted.applications))
    pairs = _paired(stored.apis, wanted.apis, "apis", lambda api: api.key)
    return Matched(
        [_api(pair, applications) for pair in pairs],
        applications,
        _paired(stored.automated, wanted.automated, "automatedPolicies", lambda each: each.type),
    )


def _applications(
    stored: Sequence[Application], wanted: Sequence[Application]
) -> list[Pair[Application]]:
    """A client id counts as an id; only an application without one is found by its name."""
    ids = {each.client_id: each.id for each in stored}
    with_ids = [replace(each, id=ids.get(each.client_id)) for each in wanted]

    def key(application: Application) -> Hashable:
        is_new = application.id is None and application.client_id is not None
        return ("new", application.client_id) if is_new else application.name

    return _paired(stored, with_ids, "applications", key)


def _api(pair: Pair[Api], applications: Applications) -> ApiPair:
    none = Api("", "", {})
    stored, wanted = pair.stored or none, pair.wanted or none

    def holder(contract: Contract) -> Hashable:
        found = applications.of(contract)
        return id(contract) if found is None else id(found)

    return ApiPair(
        pair,
        _paired(stored.policies, wanted.policies, f"{pair.path}.policies", lambda each: each.type),
        _paired(stored.tiers, wanted.tiers, f"{pair.path}.tiers", lambda each: each.name),
        _paired(stored.contracts, wanted.contracts, f"{pair.path}.contracts", holder),
    )


def _paired(
    stored: Sequence[Thing],
    wanted: Sequence[Thing],
    path: str,
    key: Callable[[Thing], Hashable],
) -> list[Pair[Thing]]:
    """Pairs by id, and for what has none by key; the second of a key is the second stored one."""
    by_id = {thing.id: thing for thing in stored}
    named = {thing.id for thing in wanted if thing.id is not None}
    free = _by_key((thing for thing in stored if thing.id not in named), key)
    asked = Counter(key(thing) for thing in wanted if thing.id is None)
    unclear = {name for name in asked if asked[name] > 1 or len(free[name]) > 1}
    pairs = []
    for place, thing in enumerate(wanted):
        found = by_id.get(thing.id) if thing.id is not None else _next(free[key(thing)])
        is_sure = thing.id is not None or key(thing) not in unclear
        pairs.append(Pair(found, thing, f"{path}.{place}", is_sure))
    left = {thing.id for things in free.values() for thing in things}
    return pairs + [Pair(thing, None) for thing in stored if thing.id in left]


def _by_key(
    things: Iterable[Thing], key: Callable[[Thing], Hashable]
) -> dict[Hashable, deque[Thing]]:
    found: dict[Hashable, deque[Thing]] = defaultdict(deque)
    for thing in things:
        found[key(thing)].append(thing)
    return found


def _next(things: deque[Thing]) -> Thing | None:
    return things.popleft() if things else None
