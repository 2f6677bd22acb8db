"""Who the caller is, and the organization: what tools ask first, to find the ids for their paths.

The paths and members are those that the vendor's CLI, its Terraform provider and anypoint-sdk read.
There are no business groups here, so the organization is the root and has no others below it.
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Caller
from control_plane.clock import iso
from control_plane.protocol.described import answers
from control_plane.protocol.environments import environment_documents
from control_plane.protocol.scope import InCaller, InServices, OrganizationReader
from control_plane.protocol.shapes import accounts as shapes
from control_plane.store.tables import ConnectedApp, GatewayLogin, Organization, User

router = APIRouter(prefix="/accounts/api")


@router.get("/me")
@answers(shapes.Me)
def me(caller: InCaller, services: InServices) -> dict[str, Any]:
    """The caller as `user`; a connected app or a gateway also as `client`."""
    with services.database.read() as session:
        document: dict[str, Any] = {"user": _account(session, caller)}
    if caller.client_id is not None:
        document["client"] = {
            "client_id": caller.client_id,
            "name": caller.name,
            "org_id": caller.organization_id,
        }
    return document


@router.get("/users/me")
@router.get("/profile")
@answers(shapes.Account)
def account(caller: InCaller, services: InServices) -> dict[str, Any]:
    """The caller, as the CLI reads it."""
    with services.database.read() as session:
        return _account(session, caller)


def _account(session: Session, caller: Caller) -> dict[str, Any]:
    organization = _organization(caller.organization(session))
    user = None if caller.user_id is None else session.get_one(User, caller.user_id)
    return {
        # The id of a user is a text for the vendor's clients.
        "id": caller.client_id or str(caller.user_id),
        "username": caller.name,
        "firstName": caller.name,
        "lastName": "",
        "email": user and user.email,
        "enabled": True,
        "createdAt": iso(user.created_at if user else _created_at(session, caller)),
        "role": caller.role,
        "organizationId": caller.organization_id,
        "organization": organization,
        "memberOfOrganizations": [organization],
        "contributorOfOrganizations": [organization],
        # By the id of an organization: its default environment, which nobody chooses here.
        "organizationPreferences": {},
    }


def _created_at(session: Session, caller: Caller) -> datetime | None:
    """When the credentials of a client were made."""
    app = select(ConnectedApp.created_at).where(ConnectedApp.client_id == caller.client_id)
    gateway = select(GatewayLogin.created_at).where(GatewayLogin.name == caller.client_id)
    return session.scalar(app) or session.scalar(gateway)


def _organization(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "isRoot": True,
        "isMaster": True,
        "parentId": None,
        "parentOrganizationIds": [],
        "subOrganizationIds": [],
        "tenantOrganizationIds": [],
    }


@router.get("/organizations/{organization_id}")
@answers(shapes.OrganizationWithEnvironments)
def organization(scope: OrganizationReader) -> dict[str, Any]:
    """The organization, with the environments that the caller may name in paths."""
    with scope.reading() as session:
        return {
            **_organization(scope.caller.organization(session)),
            "entitlements": {},
            "environments": environment_documents(session, scope.caller),
        }
