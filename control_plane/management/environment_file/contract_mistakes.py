"""What is wrong with the contracts of one API instance in a file."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from control_plane.errors import Conflict
from control_plane.management.contract_states import State, event_leading_to
from control_plane.management.environment_file.content import Contract, Tier
from control_plane.management.environment_file.matching import ApiPair, Applications, Pair
from control_plane.management.environment_file.mistake import Mistake
from control_plane.store import tables

_WITHOUT_TIER: Final = frozenset({State.PENDING, State.REJECTED})
"""States of contracts that never got a tier."""

_LIVE: Final = frozenset({State.PENDING, State.APPROVED})
"""States in which a tier that needs no approval is granted at once."""

_Tiers: TypeAlias = Mapping[str, Pair[Tier]]


def contract_mistakes(
    api: ApiPair, applications: Applications, *, prune: bool
) -> Iterator[Mistake]:
    """Contracts that can't be made as they are in the file."""
    tiers = {pair.final.name: pair for pair in api.tiers if pair.wanted is not None or not prune}
    first: dict[int, str] = {}
    for pair in api.contracts:
        if pair.wanted is not None:
            yield from _of_application(pair.path, pair.wanted, applications, first)
            yield from _of_tiers(pair, pair.wanted, tiers)
            yield from _of_status(pair, pair.wanted, tiers)


def _of_application(
    path: str, wanted: Contract, applications: Applications, first: dict[int, str]
) -> Iterator[Mistake]:
    path = f"{path}.{'application' if wanted.client_id is None else 'clientId'}"
    found = applications.named(wanted)
    if not found:
        yield Mistake(path, "there is no such application, in the file or in the organization")
    elif len(found) > 1:
        yield Mistake(path, "several applications have this name; write clientId instead")
    elif (other := first.setdefault(id(found[0]), path)) != path:
        message = f"is the same application as in {other}; it has one contract with an API instance"
        yield Mistake(path, message)


def _of_tiers(pair: Pair[Contract], wanted: Contract, tiers: _Tiers) -> Iterator[Mistake]:
    stored = pair.stored or Contract()
    for member, name, held in (
        ("tier", wanted.tier, stored.tier),
        ("requestedTier", wanted.requested_tier, stored.requested_tier),
    ):
        path = f"{pair.path}.{member}"
        if name is not None and name not in tiers:
            known = ", ".join(tiers) or "none"
            yield Mistake(path, f"this API instance has no such tier; it has {known}")
        elif name is not None and name != held and _takes_none(tiers[name]):
            yield Mistake(path, "the tier is deprecated and takes no new contracts")
    if stored.tier is not None and wanted.tier is None:
        yield Mistake(f"{pair.path}.tier", f"a contract can't lose its tier; it has {stored.tier}")


def _takes_none(tier: Pair[Tier]) -> bool:
    """Whether it is deprecated already. A file may deprecate a tier and put contracts on it."""
    states = [each.columns["status"] for each in (tier.stored, tier.wanted) if each]
    return tier.stored is not None and set(states) == {"DEPRECATED"}


def _of_status(pair: Pair[Contract], wanted: Contract, tiers: _Tiers) -> Iterator[Mistake]:
    path, status = f"{pair.path}.status", State(wanted.status)
    if status in _WITHOUT_TIER and wanted.tier is not None:
        message = f"a contract that is {status} has no tier; did you mean requestedTier?"
        yield Mistake(f"{pair.path}.tier", message)
    elif status is State.PENDING and wanted.requested_tier is None:
        yield Mistake(path, "a contract that is PENDING waits for a tier; add requestedTier")
    asked = tiers.get(wanted.requested_tier or "")
    if status in _LIVE and asked is not None and _approves(asked.final):
        yield Mistake(path, "can't wait for requestedTier, which needs no approval (autoApprove)")
    if pair.stored is not None and pair.stored.status != status:
        if status is State.APPROVED and wanted.lacks_its_tier:
            message = "an approval grants the tier; write tier in place of requestedTier"
            yield Mistake(f"{pair.path}.requestedTier", message)
        try:
            event_leading_to(status, tables.Contract(status=pair.stored.status))
        except Conflict as error:
            yield Mistake(path, error.message.removeprefix("status: "))


def _approves(tier: Tier) -> bool:
    return bool(tier.columns["auto_approve"]) and tier.columns["status"] == "ACTIVE"
