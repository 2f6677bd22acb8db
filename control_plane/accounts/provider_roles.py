"""Which roles somebody gets who logs in through the identity provider.

The operator maps values of a claim to roles, such as

    platform-team=owner, shop=api-admin@Production, *=viewer

A role counts in all environments, or in the one whose name follows the `@`. `*` stands for
everybody. Of several roles in one place, the highest counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from control_plane.accounts.roles import USER_ROLES, Role

_EVERYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class RoleRule:
    """One entry of the mapping."""

    value: str
    role: Role
    environment: str | None
    """The name of the environment; None stands for all."""


def parse_rules(text: str) -> tuple[RoleRule, ...]:
    """The entries of the mapping; raise ValueError, which names the one that is wrong."""
    return tuple(_rule(part.strip()) for part in text.split(",") if part.strip())


def _rule(text: str) -> RoleRule:
    value, _, target = text.rpartition("=")
    role, _, environment = target.partition("@")
    names = [*map(str, USER_ROLES)]
    if not value or role not in names:
        raise ValueError(
            f"{text!r} must be VALUE=ROLE or VALUE=ROLE@ENVIRONMENT; roles are {', '.join(names)}"
        )
    return RoleRule(value, Role(role), environment or None)


def claim_values(claims: Mapping[str, Any], name: str) -> set[str]:
    """The values of a claim. A name with dots leads into objects, such as `realm_access.roles`."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    return {str(each) for each in (found if isinstance(found, list) else [found]) if each}


def mapped_roles(
    rules: Sequence[RoleRule], values: set[str], environments: Mapping[str, str]
) -> dict[str | None, Role]:
    """The roles of somebody with these values; `environments` has ids by names.

    A rule for an environment that does not exist gives nothing.
    """
    found: dict[str | None, Role] = {}
    for rule in rules:
        place = None if rule.environment is None else environments.get(rule.environment)
        if rule.value not in (*values, _EVERYBODY) or (rule.environment and place is None):
            continue
        found[place] = max(found.get(place, rule.role), rule.role, key=USER_ROLES.index)
    return found
