"""Users: who they are, which roles they have, and their passwords."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from control_plane.accounts.roles import USER_ROLES, Role
from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import audit_log
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ConnectedApp, Environment, RoleGrant, User, UserToken

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 500

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
_OTHER: Final = re.compile(r"[^a-z0-9._@+-]+")

Roles = Mapping[str | None, Role]
"""The role in each environment; under None, the role in all of them."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What an owner decides about a user."""

    email: str | None
    enabled: bool
    roles: Roles


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """What the identity provider says about a user."""

    subject: str
    """The issuer and its name for the user, which never changes."""
    name: str
    email: str | None


def of_organization(organization_id: str) -> Select[User]:
    """The organization's users."""
    return select(User).where(User.organization_id == organization_id)


def get(session: Session, organization_id: str, user_id: int) -> User:
    """The user; raise NotFound if the organization has none with this id."""
    user = session.get(User, user_id)
    if user is None or user.organization_id != organization_id:
        raise NotFound(f"user {user_id} not found")
    return user


def roles_of(holder: User | ConnectedApp) -> Roles:
    """The roles of a user or of a connected app."""
    return {grant.environment_id: Role(grant.role) for grant in holder.grants}


def require_good_password(name: str, password: str) -> None:
    """Raise Invalid for a password that is too easy to guess, or too long to hash."""
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"password: use at least {MIN_PASSWORD} characters")
    if len(password) > MAX_PASSWORD:
        raise Invalid(f"password: use at most {MAX_PASSWORD} characters")
    if len(set(password)) < 5 or name.lower() in password.lower():
        raise Invalid("password: too easy to guess; use more different characters, and no name")


def create(
    transaction: Transaction,
    name: str,
    password_hash: str | None,
    profile: Profile,
    *,
    subject: str | None = None,
) -> User:
    """Add a user. Without a password, the user logs in through the identity provider."""
    name = name.lower()
    if not _NAME.fullmatch(name):
        raise Invalid("name: use letters, digits and . _ @ + -, at most 100, and begin with one")
    if transaction.session.scalar(select(User.id).where(User.name == name)) is not None:
        raise Conflict(f"name: there is a user {name} already")
    user = User(
        organization_id=transaction.organization_id,
        name=name,
        password_hash=password_hash,
        subject=subject,
        email=profile.email,
        enabled=profile.enabled,
        created_at=transaction.now,
    )
    _set_roles(transaction, user, profile.roles)
    transaction.session.add(user)
    audit_log.record_creation(transaction, user)
    return user


def of_provider(transaction: Transaction, identity: ProviderIdentity, roles: Roles | None) -> User:
    """The user with this identity, made at the first login; `roles` replace those of before.

    A user with a password is never taken over by a name: at some providers, people choose theirs.
    """
    query = select(User).where(User.subject == identity.subject)
    user = transaction.session.scalars(query).one_or_none()
    if user is None:
        profile = Profile(identity.email, enabled=True, roles=roles or {})
        name = _provider_name(transaction, identity)
        user = create(transaction, name, None, profile, subject=identity.subject)
    elif roles is not None and roles != roles_of(user):
        with audit_log.recorded_change(transaction, user, "map_roles"):
            _set_roles(transaction, user, roles)
            user.updated_at = transaction.now
    return user


def _provider_name(transaction: Transaction, identity: ProviderIdentity) -> str:
    """The name at the provider, as far as our names allow its characters."""
    name = _OTHER.sub("-", identity.name.lower()).strip("-._@+")[:100] or "user"
    if transaction.session.scalar(select(User.id).where(User.name == name)) is not None:
        raise Conflict(
            f"the name {name} belongs to another user of the console; ask an owner of the"
            " organization to delete that user first"
        )
    return name


def change(transaction: Transaction, user: User, profile: Profile) -> User:
    """Change a user. One who may no longer log in loses every session and token."""
    with audit_log.recorded_change(transaction, user):
        user.email, user.enabled = profile.email, profile.enabled
        _set_roles(transaction, user, profile.roles)
        user.updated_at = transaction.now
    _require_an_owner(transaction)
    if not user.enabled:
        _end_tokens(transaction.session, user)
    return user


def set_password(
    transaction: Transaction, user: User, password_hash: str, *, but: int | None = None
) -> None:
    """Give the user another password. All sessions and tokens end, except the session `but`."""
    with audit_log.recorded_change(transaction, user, "set_password"):
        user.password_hash = password_hash
        user.updated_at = transaction.now
    _end_tokens(transaction.session, user, but)


def delete_user(transaction: Transaction, user: User) -> None:
    """Delete a user with every session and token. The audit log keeps the name."""
    audit_log.record_deletion(transaction, user)
    transaction.session.delete(user)
    transaction.session.flush()
    _require_an_owner(transaction)


def _set_roles(transaction: Transaction, user: User, roles: Roles) -> None:
    own = select(Environment.id).where(Environment.organization_id == user.organization_id)
    known = {None, *transaction.session.scalars(own)}
    if roles.keys() - known or not set(roles.values()) <= set(USER_ROLES):
        raise Invalid("role: choose roles in environments of the organization")
    grants = {grant.environment_id: grant for grant in user.grants}
    for environment_id in grants.keys() - roles.keys():
        user.grants.remove(grants[environment_id])
    for environment_id, role in roles.items():
        if environment_id in grants:
            grants[environment_id].role = role
        else:
            user.grants.append(RoleGrant(environment_id=environment_id, role=role))


def _require_an_owner(transaction: Transaction) -> None:
    """Raise Conflict if nobody is left who can manage users."""
    transaction.session.flush()
    owners = (
        of_organization(transaction.organization_id)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(User.enabled, RoleGrant.environment_id.is_(None), RoleGrant.role == Role.OWNER)
    )
    if transaction.session.scalars(owners).first() is None:
        raise Conflict("this is the last owner; make another user an owner of all environments")


def _end_tokens(session: Session, user: User, but: int | None = None) -> None:
    ended = delete(UserToken).where(UserToken.user_id == user.id)
    session.execute(ended if but is None else ended.where(UserToken.id != but))
