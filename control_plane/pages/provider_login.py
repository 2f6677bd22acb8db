"""Logging in through the identity provider, which begins with a link on the login page."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.accounts.access import Origin
from control_plane.accounts.provider_roles import claim_values, mapped_roles
from control_plane.errors import Forbidden, NotFound
from control_plane.management import users
from control_plane.management.transaction import Actor, Transaction
from control_plane.pages import cookies
from control_plane.pages.identity_provider import Handshake, IdentityProvider
from control_plane.pages.login import local_path
from control_plane.pages.origins import origin_of
from control_plane.pages.visit import InServices
from control_plane.services import Services
from control_plane.store.tables import Environment, Organization

router = APIRouter(prefix="/login")

_LOGIN_TIME_S: Final = 600
_MAX_EMAIL: Final = 254


def _provider(request: Request) -> IdentityProvider:
    provider: IdentityProvider | None = request.app.state.provider
    if provider is None:
        raise NotFound("logins through an identity provider are not set up")
    return provider


InProvider = Annotated[IdentityProvider, Depends(_provider)]


@router.get("/provider", name="provider_login")
async def begin(request: Request, services: InServices, provider: InProvider) -> Response:
    """Send the browser to the identity provider."""
    target = local_path(request.query_params.get("next", ""))
    address, handshake = await provider.begin(request, _callback(request, services), target)
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    cookies.set_cookie(response, cookies.HANDSHAKE, handshake, _LOGIN_TIME_S)
    return response


def _callback(request: Request, services: Services) -> str:
    base = str(services.settings.public_url or request.base_url).rstrip("/")
    cookies.require_kept(base)
    return f"{base}/login/callback"


@router.get("/callback", name="provider_callback")
async def callback(request: Request, services: InServices, provider: InProvider) -> Response:
    """Begin a session for the user whom the identity provider names."""
    handshake = Handshake.read(request.cookies.get(cookies.HANDSHAKE, ""))
    claims = await provider.claims(request, handshake)
    origin = origin_of(request)
    work = partial(_user_id, services, provider, claims, origin)
    user_id = await services.writes.run(work)
    token = await services.access.begin_session(user_id, origin)
    if (old := request.cookies.get(cookies.SESSION)) is not None:
        await services.access.end_session(old)
    response = RedirectResponse(local_path(handshake.target) or "/", HTTPStatus.SEE_OTHER)
    cookies.set_cookie(response, cookies.SESSION, token)
    cookies.delete_cookie(response, cookies.HANDSHAKE)
    return response


def _user_id(
    services: Services, provider: IdentityProvider, claims: Mapping[str, Any], origin: Origin
) -> int:
    """The id of the user with these claims, who is made or brought up to date."""
    settings, now = services.settings, services.clock.now()
    with services.database.write() as session:
        organization = session.scalars(select(Organization)).one()
        actor = Actor("identity provider", "", origin.address)
        transaction = Transaction(session, actor, organization.id, now, services.epochs)
        roles = _roles(session, services, provider, claims)
        identity = _identity(provider, claims, settings.oidc_name_claim)
        user = users.of_provider(transaction, identity, roles)
        if not user.enabled:
            raise Forbidden(f"the user {user.name} is disabled; ask an owner of the organization")
        return user.id


def _identity(
    provider: IdentityProvider, claims: Mapping[str, Any], name_claim: str
) -> users.ProviderIdentity:
    subject, email = str(claims["sub"]), claims.get("email")
    return users.ProviderIdentity(
        subject=f"{provider.issuer}#{subject}",
        name=str(claims.get(name_claim) or email or subject),
        email=email[:_MAX_EMAIL] if isinstance(email, str) else None,
    )


def _roles(
    session: Session, services: Services, provider: IdentityProvider, claims: Mapping[str, Any]
) -> users.Roles | None:
    """The roles that the claims map to; None if the operator maps none."""
    if not provider.rules:
        return None
    environments = {each.name: each.id for each in session.scalars(select(Environment))}
    values = claim_values(claims, services.settings.oidc_role_claim)
    return mapped_roles(provider.rules, values, environments)
