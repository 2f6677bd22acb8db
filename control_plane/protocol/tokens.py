"""Tokens: for clients by their credentials, and for users by name and password (RFC 6749)."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response

from control_plane.accounts.access import Origin
from control_plane.accounts.user_tokens import Kind
from control_plane.errors import TooManyLogins, Unauthenticated
from control_plane.protocol.described import FORM, JSON, answers, reads, refuses
from control_plane.protocol.refusals import OAuthRefused
from control_plane.protocol.scope import InServices
from control_plane.protocol.shapes import accounts as shapes
from control_plane.protocol.token_requests import (
    ClientLogin,
    TokenRequest,
    UserLogin,
    read_members,
    refused_client,
    token_request,
)
from control_plane.services import Services

router = APIRouter(prefix="/accounts")


@router.post("/oauth2/token")
@router.post("/api/v2/oauth2/token")
@reads(TokenRequest, JSON, FORM)
@answers(shapes.Token)
@refuses(Unauthenticated, TooManyLogins)
async def token(request: Request, response: Response, services: InServices) -> dict[str, Any]:
    """A token for a gateway or a connected app, or for a user who gives a password."""
    response.headers["Cache-Control"] = "no-store"
    members = await token_request(request)
    grant = members.get("grant_type")
    if grant == "client_credentials":
        return await _for_client(request, services, members)
    if grant == "password":
        return await _for_user(request, services, members)
    raise OAuthRefused(
        HTTPStatus.BAD_REQUEST,
        "unsupported_grant_type",
        "grant_type must be client_credentials or password",
    )


async def _for_client(
    request: Request, services: Services, members: dict[str, Any]
) -> dict[str, Any]:
    client = ClientLogin.model_validate(members)
    try:
        issued = await services.access.clients.log_in(
            client.client_id, client.client_secret.get_secret_value(), _origin(request).address
        )
    except Unauthenticated as error:
        raise refused_client(error.message) from error
    return _answer(issued.token, issued.lifetime.total_seconds())


async def _for_user(
    request: Request, services: Services, members: dict[str, Any]
) -> dict[str, Any]:
    """The password grant (RFC 6749, section 4.3). Client credentials may be missing, not wrong."""
    user = UserLogin.model_validate(members)
    if "client_id" in members or "client_secret" in members:
        client = ClientLogin.model_validate(members)
        try:
            await services.access.clients.require(
                client.client_id, client.client_secret.get_secret_value(), _origin(request).address
            )
        except Unauthenticated as error:
            raise refused_client(error.message) from error
    try:
        return await _log_in(request, services, user)
    except Unauthenticated as error:
        raise OAuthRefused(HTTPStatus.BAD_REQUEST, "invalid_grant", error.message) from error


@router.post("/login")
@router.post("/api/login")
@reads(UserLogin, JSON, FORM)
@answers(shapes.Token)
@refuses(Unauthenticated, TooManyLogins)
async def login(request: Request, response: Response, services: InServices) -> dict[str, Any]:
    """A token for a user."""
    response.headers["Cache-Control"] = "no-store"
    user = UserLogin.model_validate(await read_members(request))
    return await _log_in(request, services, user)


async def _log_in(request: Request, services: Services, user: UserLogin) -> dict[str, Any]:
    issued = await services.access.log_in_user(
        user.username, user.password.get_secret_value(), Kind.ACCESS, _origin(request)
    )
    return _answer(issued, services.access.lifetimes.access.total_seconds())


def _origin(request: Request) -> Origin:
    return Origin(request.client.host if request.client else None)


def _answer(token: str, seconds: float) -> dict[str, Any]:
    return {"access_token": token, "token_type": "bearer", "expires_in": int(seconds)}
