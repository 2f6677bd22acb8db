"""The organization's users: who they are, and which roles they have."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from control_plane.accounts.roles import USER_ROLES, Permission, Role
from control_plane.errors import Stale
from control_plane.http_statuses import status_of
from control_plane.management import users, versions
from control_plane.management.audit_log import AuditFilter
from control_plane.pages.again import ASKED_AGAIN, Again, again
from control_plane.pages.forms import (
    FIXABLE,
    Email,
    Fields,
    Form,
    InForm,
    InvalidForm,
    OneLine,
    Password,
    Posted,
)
from control_plane.pages.listing import InListing
from control_plane.pages.paths import RowId
from control_plane.pages.settings.tabs import settings_tabs
from control_plane.pages.visit import Visit, in_organization, in_turn
from control_plane.store.tables import User

router = APIRouter(prefix="/settings/users")

UsersReader = Annotated[Visit, in_organization(Permission.USERS_READ)]
UsersWriter = Annotated[Visit, in_organization(Permission.USERS_WRITE)]

_EVERYWHERE = "role"
"""The name of the field for the role in all environments."""


_Email = Annotated[str, Field(max_length=254), Email, OneLine]


class _Profile(Fields):
    email: Annotated[str, Field(max_length=254), Email, OneLine] | None = None
    enabled: bool = False


class _NewUser(_Profile):
    name: Annotated[str, Field(max_length=100)]
    password: Password


class _SetPassword(Fields):
    password: Password


@router.get("", name="users")
def show_all(visit: UsersReader, listing: InListing) -> Response:
    """All users."""
    found = users.of_organization(visit.caller.organization_id)
    sortable = {"name": User.name, "email": User.email, "created": User.created_at}
    with visit.reading() as session:
        part = listing.rows(session, found, sortable, [User.name, User.email])
    names = {environment.id: environment.name for environment in visit.environments}
    return visit.page("settings/users.html", tabs=settings_tabs(visit), part=part, names=names)


@router.get("/new", name="new_user")
def show_new(visit: UsersWriter) -> Response:
    """The form for a new user."""
    return _new_page(visit, Form({"enabled": "true"}))


def _new_page(visit: Visit, form: Form, status: int = HTTPStatus.OK) -> Response:
    return visit.page("settings/new_user.html", status, form=form, roles=_role_fields(visit))


@router.post("/new")
async def create(visit: UsersWriter, form: InForm) -> Response:
    """Add a user."""
    try:
        given = form.checked(_NewUser)
        users.require_good_password(given.name, given.password)
        profile = users.Profile(given.email, given.enabled, _roles(visit, form))
        password_hash = await visit.services.access.hash_password(given.password)
        work = partial(_create, visit, given.name, password_hash, profile)
        return await visit.services.writes.run(work)
    except FIXABLE as error:
        return await run_sync(_new_page, visit, form.refused(error), status_of(error))


def _create(visit: Visit, name: str, password_hash: str, profile: users.Profile) -> Response:
    with visit.writing() as transaction:
        user = users.create(transaction, name, password_hash, profile)
    return visit.redirect(visit.url("users"), f"The user {user.name} is created.")


@router.get("/{user_id}", name="user")
def show(visit: UsersReader, user_id: RowId) -> Response:
    """One user, and the form to change it."""
    return _edit_page(visit, user_id)


def _edit_page(
    visit: Visit, user_id: int, refused: Form | None = None, status: int = HTTPStatus.OK
) -> Response:
    user = _user(visit, user_id)
    form = refused or Form(_values(user) | {"version": _version(user)})
    return visit.page("settings/user.html", status, user=user, form=form, roles=_role_fields(visit))


def _user(visit: Visit, user_id: int) -> User:
    with visit.reading() as session:
        return users.get(session, visit.caller.organization_id, user_id)


@router.post("/{user_id}")
@in_turn
def change(visit: UsersWriter, user_id: RowId, form: InForm) -> Response:
    """Change a user, unless somebody else has changed it in the meantime."""
    try:
        given = form.checked(_Profile)
        profile = users.Profile(given.email, given.enabled, _roles(visit, form))
        with visit.writing() as transaction:
            user = users.get(transaction.session, transaction.organization_id, user_id)
            versions.require(form.text("version"), user, *user.grants)
            users.change(transaction, user, profile)
    except Stale:
        return _compare(visit, user_id, form)
    except FIXABLE as error:
        return _edit_page(visit, user_id, form.refused(error), status_of(error))
    return visit.redirect(visit.url("users"), f"The user {user.name} is changed.")


def _compare(visit: Visit, user_id: int, form: Posted) -> Response:
    user = _user(visit, user_id)
    labels = {"email": "Email", "enabled": "May log in"}
    labels |= {name: f"Role in {label}" for name, label in _role_fields(visit).items()}
    theirs = dict.fromkeys(labels, "") | _values(user)
    cancel = visit.url("user", user_id=user_id)
    return visit.stale(form, labels, theirs, _version(user), cancel=cancel)


@router.post("/{user_id}/password", name="set_users_password")
async def set_password(visit: UsersWriter, user_id: RowId, form: InForm) -> Response:
    """Give a user another password; all of the user's sessions and tokens end."""
    user = await run_sync(_user, visit, user_id)
    try:
        password = form.checked(_SetPassword).password
        users.require_good_password(user.name, password)
    except FIXABLE as error:
        values = _values(user) | {"version": _version(user)}
        refused = Form(values, form.refused(error).errors)
        return await run_sync(_edit_page, visit, user_id, refused, status_of(error))
    new_hash = await visit.services.access.hash_password(password)
    return await visit.services.writes.run(partial(_store_password, visit, user_id, new_hash))


def _store_password(visit: Visit, user_id: int, new_hash: str) -> Response:
    with visit.writing() as transaction:
        user = users.get(transaction.session, transaction.organization_id, user_id)
        users.set_password(transaction, user, new_hash, but=visit.token_id)
    return visit.redirect(visit.url("users"), f"The password of {user.name} is changed.")


@router.get("/{user_id}/delete", name="delete_user")
def ask_to_delete(visit: UsersWriter, user_id: RowId) -> Response:
    """Ask before a user is deleted."""
    return _delete_page(visit, user_id)


def _delete_page(visit: Visit, user_id: int, again: Again | None = None) -> Response:
    user = _user(visit, user_id)
    return visit.confirm(
        f"Delete the user {user.name}?",
        [
            "All sessions and personal tokens of the user end at once. The audit log keeps the"
            " name. To keep the user for later, take the tick at “May log in” away instead."
        ],
        button="Delete",
        cancel=visit.url("user", user_id=user_id),
        fields={"version": _version(user)},
        type_name=user.name,
        again=again,
    )


@router.post("/{user_id}/delete")
@in_turn
def delete(visit: UsersWriter, user_id: RowId, form: InForm) -> Response:
    """Delete a user whose name was typed."""
    try:
        with visit.writing() as transaction:
            user = users.get(transaction.session, transaction.organization_id, user_id)
            form.require_typed(user.name)
            versions.require(form.text("version"), user, *user.grants)
            users.delete_user(transaction, user)
    except ASKED_AGAIN as error:
        about = AuditFilter(kind="user", object_id=user_id)
        return _delete_page(visit, user_id, again(visit, form, error, about))
    return visit.redirect(visit.url("users"), f"The user {user.name} is deleted.")


def _others(visit: Visit) -> dict[str, str]:
    """The names of the fields for the role in each environment, with the environments' names."""
    return {f"role_{each.id}": each.name for each in visit.environments}


def _role_fields(visit: Visit) -> dict[str, str]:
    """All fields for roles, with their labels."""
    return {_EVERYWHERE: "all environments"} | _others(visit)


def _roles(visit: Visit, form: Posted) -> users.Roles:
    found: dict[str | None, Role] = {}
    for name in _role_fields(visit):
        given = form.text(name)
        if given and given not in USER_ROLES:
            raise InvalidForm({name: "Choose one of the roles."})
        if given:
            found[name.removeprefix("role_") if name != _EVERYWHERE else None] = Role(given)
    return found


def _values(user: User) -> dict[str, str]:
    roles = {
        _EVERYWHERE if grant.environment_id is None else f"role_{grant.environment_id}": grant.role
        for grant in user.grants
    }
    return {"email": user.email or "", "enabled": "true" if user.enabled else ""} | roles


def _version(user: User) -> str:
    return versions.version_of(user, *user.grants)
