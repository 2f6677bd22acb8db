"""Programs that log in by themselves: connected apps and gateways, and how to end one of them.

They are made by commands on the database, so a stolen session can't make lasting credentials.
"""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from control_plane.accounts.roles import Permission
from control_plane.management import connected_apps, gateway_logins
from control_plane.pages.paths import RowId
from control_plane.pages.settings.tabs import settings_tabs
from control_plane.pages.visit import Visit, in_organization, in_turn

router = APIRouter(prefix="/settings/programs")

UsersReader = Annotated[Visit, in_organization(Permission.USERS_READ)]
UsersWriter = Annotated[Visit, in_organization(Permission.USERS_WRITE)]
ClientId = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]+$")]


@router.get("", name="programs")
def show(visit: UsersReader) -> Response:
    """Connected apps by name, and gateway credentials from old to new."""
    organization_id = visit.caller.organization_id
    with visit.reading() as session:
        apps = session.scalars(connected_apps.of_organization(organization_id)).all()
        gateways = session.scalars(gateway_logins.of_organization(organization_id)).all()
    return visit.page(
        "settings/programs.html",
        tabs=settings_tabs(visit),
        apps=apps,
        gateways=gateways,
        names={environment.id: environment.name for environment in visit.environments},
    )


@router.get("/apps/{app_id}/revoke", name="revoke_app")
def ask_to_revoke_app(visit: UsersWriter, app_id: RowId) -> Response:
    """Ask before a connected app ends."""
    with visit.reading() as session:
        app = connected_apps.get(session, visit.caller.organization_id, app_id)
    return visit.confirm(
        f"Revoke the connected app {app.name}?",
        ["The program gets status 401 from now on. This can't be undone."],
        button="Revoke",
        cancel=visit.url("programs"),
    )


@router.post("/apps/{app_id}/revoke")
@in_turn
def revoke_app(visit: UsersWriter, app_id: RowId) -> Response:
    """End a connected app and its tokens at once."""
    with visit.writing() as transaction:
        app = connected_apps.get(transaction.session, transaction.organization_id, app_id)
        connected_apps.revoke(transaction, app)
    return visit.redirect(visit.url("programs"), f"The connected app {app.name} is revoked.")


@router.get("/gateways/{client_id}/revoke", name="revoke_gateway")
def ask_to_revoke_gateway(visit: UsersWriter, client_id: ClientId) -> Response:
    """Ask before gateway credentials end."""
    with visit.reading() as session:
        gateway_logins.get(session, visit.caller.organization_id, client_id)
    return visit.confirm(
        f"Revoke the gateway credentials {client_id}?",
        [
            "Adapters that still have them go on with the policies and contracts that they have"
            " loaded, and get no changes until they have other credentials.",
            "This can't be undone.",
        ],
        button="Revoke",
        cancel=visit.url("programs"),
    )


@router.post("/gateways/{client_id}/revoke")
@in_turn
def revoke_gateway(visit: UsersWriter, client_id: ClientId) -> Response:
    """End gateway credentials and their tokens at once."""
    with visit.writing() as transaction:
        login = gateway_logins.get(transaction.session, transaction.organization_id, client_id)
        gateway_logins.revoke(transaction, login)
    message = f"The gateway credentials {client_id} are revoked."
    return visit.redirect(visit.url("programs"), message)
