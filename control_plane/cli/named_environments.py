"""Environments that the options of a command name."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from control_plane.accounts.roles import USER_ROLES, Role
from control_plane.errors import ControlPlaneError
from control_plane.management.environments import of_organization
from control_plane.management.texts import same_name
from control_plane.management.users import Roles
from control_plane.store.tables import Environment


def environment_named(session: Session, organization_id: str, name: str | None) -> Environment:
    """The environment of --environment; without a name the only one.

    Raise ControlPlaneError, which lists the names, unless there is exactly one.
    """
    known = environments(session, organization_id)
    fitting = [each for each in known if name is None or same_name(each.name, name)]
    if len(fitting) != 1:
        raise ControlPlaneError(f"name one environment with --environment: {_names(known)}")
    return fitting[0]


def roles_named(session: Session, organization_id: str, texts: Sequence[str]) -> Roles:
    """The roles that `--role ROLE` and `--role ROLE@ENVIRONMENT` give.

    Raise ControlPlaneError for an unknown role or environment, or for two roles in one place.
    """
    known = environments(session, organization_id)
    roles: dict[str | None, Role] = {}
    for text in texts:
        role, at, name = text.partition("@")
        if role not in USER_ROLES:
            raise ControlPlaneError(f"--role {text}: the role must be {', '.join(USER_ROLES)}")
        places = [each.id for each in known if same_name(each.name, name)] if at else [None]
        if not places:
            raise ControlPlaneError(
                f"--role {text}: there is no environment {name!r}; known are {_names(known)}"
            )
        if places[0] in roles:
            raise ControlPlaneError(f"--role {text}: give one role in each place")
        roles[places[0]] = Role(role)
    return roles


def roles_in_words(roles: Roles, names: Mapping[str, str]) -> str:
    """The roles as options give them, such as `viewer, api-admin@Sandbox`."""
    parts = [role if place is None else f"{role}@{names[place]}" for place, role in roles.items()]
    return ", ".join(sorted(parts)) or "no role"


def environments(session: Session, organization_id: str) -> Sequence[Environment]:
    """The environments by name."""
    return session.scalars(of_organization(organization_id).order_by(Environment.name)).all()


def _names(known: Sequence[Environment]) -> str:
    return ", ".join(each.name for each in known)
