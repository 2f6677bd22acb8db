"""How one thing differs from what a file wants: its members, with masks for their secrets."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from control_plane.accounts.hashing import salted
from control_plane.management.environment_file.content import (
    Api,
    Application,
    Columns,
    Contract,
    Policy,
    Tier,
)
from control_plane.management.environment_file.members import member_of
from control_plane.management.environment_file.routes import routes_member
from control_plane.management.environment_file.secrets import without_secrets
from control_plane.management.masked_secrets import MASK
from control_plane.settings import SecretForm

_OF_CONTRACTS: Final = ("status", "tier", "requested_tier")


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member that gets another value. Secrets are masked in both; None also means missing."""

    name: str
    before: Any
    after: Any


def differences(
    stored: Api | Policy | Tier | Contract | Application,
    wanted: Api | Policy | Tier | Contract | Application,
) -> list[MemberChange]:
    """The members that differ; none if nothing has to change."""
    if isinstance(stored, Contract) or isinstance(wanted, Contract):
        pairs = ((name, getattr(stored, name), getattr(wanted, name)) for name in _OF_CONTRACTS)
        return [MemberChange(member_of(name), *pair) for name, *pair in pairs if pair[0] != pair[1]]
    found: list[MemberChange] = []
    sides = [_in_words(each.columns) for each in (stored, wanted)]
    shown = [without_secrets(side) for side in sides]
    for name in changed_columns(stored.columns, wanted.columns):
        found += _leaves(member_of(name), *(each[name] for each in (*sides, *shown)))
    if isinstance(stored, Application) and isinstance(wanted, Application):
        found += (
            [MemberChange("clientSecret", MASK, MASK)] if has_new_secret(stored, wanted) else []
        )
    return found


def _in_words(columns: Columns) -> Columns:
    """The columns with routes as files have them."""
    return {**columns, **routes_member(columns.get("routing"))}


def changed_columns(stored: Columns, wanted: Columns) -> dict[str, Any]:
    """The wanted columns that differ. Unlike in Python, 1 and true differ here."""
    return {name: wanted[name] for name in wanted if not same(stored[name], wanted[name])}


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def has_new_secret(stored: Application, wanted: Application) -> bool:
    """Whether the file names another secret than the stored one, of which only a hash is known."""
    secret, hashed = wanted.client_secret, stored.hashed
    if secret is None or hashed is None:
        return False
    # The setting may have had another value when the hash was made.
    return hashed not in [salted(secret, form, hashed.salt) for form in SecretForm]


def _leaves(name: str, *values: Any) -> Iterator[MemberChange]:
    """The parts of the values that differ; each value comes with its masked form after both."""
    before, after, _, shown = values
    if same(before, after):
        return
    if all(isinstance(value, Mapping) for value in values):
        for key in {**before, **after}:
            yield from _leaves(f"{name}.{key}", *(value.get(key) for value in values))
    elif all(isinstance(value, list) for value in values) and len(before) == len(after):
        for place, inner in enumerate(zip(*values, strict=True)):
            yield from _leaves(f"{name}.{place}", *inner)
    else:
        yield MemberChange(name, values[2], shown)
