"""The organization's environments: adding, changing and deleting them."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from control_plane.accounts.roles import Permission
from control_plane.errors import Stale
from control_plane.fleet import adapters
from control_plane.http_statuses import status_of
from control_plane.management import environments, versions
from control_plane.management.environments import Content, EnvironmentType
from control_plane.pages.again import ASKED_AGAIN, Again, again
from control_plane.pages.forms import FIXABLE, Fields, Form, InForm, OneLine, Posted
from control_plane.pages.paths import EnvironmentId
from control_plane.pages.settings.tabs import settings_tabs
from control_plane.pages.templating import counted
from control_plane.pages.visit import Visit, in_organization, in_turn
from control_plane.store.tables import Environment

router = APIRouter(prefix="/settings/environments")

EnvironmentsWriter = Annotated[Visit, in_organization(Permission.ENVIRONMENTS_WRITE)]


_TYPES: Final = [("production", "Production"), ("sandbox", "Sandbox"), ("design", "Design")]


class _Environment(Fields):
    name: Annotated[str, Field(max_length=environments.MAX_NAME), OneLine]
    type: EnvironmentType


@router.get("", name="environments")
def show_all(visit: EnvironmentsWriter) -> Response:
    """All environments, and a form for a new one."""
    return _page(visit, Form({"type": environments.SANDBOX}))


def _page(visit: Visit, form: Form, status: int = HTTPStatus.OK) -> Response:
    own = environments.of_organization(visit.caller.organization_id)
    with visit.reading() as session:
        rows = session.scalars(own.order_by(Environment.name)).all()
    tabs = settings_tabs(visit)
    words = dict(_TYPES)
    return visit.page(
        "settings/environments.html",
        status,
        tabs=tabs,
        rows=[(row, words[row.type]) for row in rows],
        form=form,
        types=_TYPES,
    )


@router.post("", name="create_environment")
@in_turn
def create(visit: EnvironmentsWriter, form: InForm) -> Response:
    """Add an environment."""
    try:
        given = form.checked(_Environment)
        with visit.writing() as transaction:
            environment = environments.create(transaction, given.name, given.type)
    except FIXABLE as error:
        return _page(visit, form.refused(error), status_of(error))
    message = f"The environment {environment.name} is created."
    return visit.redirect(visit.url("environments"), message)


@router.get("/{changed_id}", name="environment")
def show(visit: EnvironmentsWriter, changed_id: EnvironmentId) -> Response:
    """The form for another name or type."""
    return _change_page(visit, changed_id)


def _change_page(
    visit: Visit, changed_id: str, refused: Form | None = None, status: int = HTTPStatus.OK
) -> Response:
    with visit.reading() as session:
        environment = environments.get(session, visit.caller.organization_id, changed_id)
    values = {"name": environment.name, "type": environment.type}
    form = refused or Form(values | {"version": versions.version_of(environment)})
    return visit.page(
        "settings/environment.html", status, changed=environment, form=form, types=_TYPES
    )


@router.post("/{changed_id}")
@in_turn
def change(visit: EnvironmentsWriter, changed_id: EnvironmentId, form: InForm) -> Response:
    """Give the environment another name or type."""
    try:
        given = form.checked(_Environment)
        with visit.writing() as transaction:
            organization_id = transaction.organization_id
            environment = environments.get(transaction.session, organization_id, changed_id)
            versions.require(form.text("version"), environment)
            environments.change(transaction, environment, given.name, given.type)
    except Stale:
        return _compare(visit, changed_id, form)
    except FIXABLE as error:
        return _change_page(visit, changed_id, form.refused(error), status_of(error))
    message = f"The environment {environment.name} is changed."
    return visit.redirect(visit.url("environments"), message)


def _compare(visit: Visit, changed_id: str, form: Posted) -> Response:
    with visit.reading() as session:
        environment = environments.get(session, visit.caller.organization_id, changed_id)
    version, cancel = versions.version_of(environment), visit.url("environments")
    theirs = {"name": environment.name, "type": environment.type}
    labels = {"name": "Name", "type": "Type"}
    return visit.stale(form, labels, theirs, version, cancel=cancel)


@router.get("/{changed_id}/delete", name="delete_environment")
def ask_to_delete(visit: EnvironmentsWriter, changed_id: EnvironmentId) -> Response:
    """Ask before an environment is deleted."""
    return _delete_page(visit, changed_id)


def _delete_page(visit: Visit, changed_id: str, again: Again | None = None) -> Response:
    with visit.reading() as session:
        environment = environments.get(session, visit.caller.organization_id, changed_id)
        content = environments.content(session, environment)
    return visit.confirm(
        f"Delete the environment {environment.name}?",
        [
            *_lost(content),
            "Client applications stay, because they belong to the organization. So do the audit"
            " log and the numbers of past requests. This can't be undone.",
            "It is refused while adapters report for the environment, and for the last one.",
        ],
        button="Delete",
        cancel=visit.url("environments"),
        fields={"version": versions.version_of(environment, content)},
        type_name=environment.name,
        again=again,
    )


def _lost(content: Content) -> list[str]:
    parts = [
        f"{counted(content.apis, 'API instance')} with"
        f" {counted(content.policies, 'policy', 'policies')},"
        f" {counted(content.tiers, 'SLA tier')} and {counted(content.contracts, 'contract')}",
        counted(content.automated, "automated policy", "automated policies"),
        counted(content.alerts, "alert"),
        counted(content.services, "discovered service"),
        f"what is known of {counted(content.adapters, 'adapter')}",
    ]
    lost = [
        f"{'; '.join(parts)}; and {counted(content.gateways, 'gateway credential')}: all of this is"
        f" deleted with it. {counted(content.approved, 'approved contract')} will end."
    ]
    if content.users:
        users = counted(content.users, "user")
        lost.append(f"{users} with a role in this environment only will have no role.")
    if content.apps:
        apps = counted(content.apps, "connected app")
        lost.append(f"{apps} with a role in this environment only will have no role.")
    return lost


@router.post("/{changed_id}/delete")
@in_turn
def delete(visit: EnvironmentsWriter, changed_id: EnvironmentId, form: InForm) -> Response:
    """Delete an environment whose name was typed."""
    try:
        with visit.writing() as transaction:
            session, organization_id = transaction.session, transaction.organization_id
            environment = environments.get(session, organization_id, changed_id)
            name = environment.name
            form.require_typed(name)
            content = environments.content(session, environment)
            versions.require(form.text("version"), environment, content)
            adapters.require_none_reporting(session, changed_id, visit.now())
            environments.delete(transaction, environment)
    except ASKED_AGAIN as error:
        return _delete_page(visit, changed_id, again(visit, form, error))
    return visit.redirect(visit.url("environments"), f"The environment {name} is deleted.")
