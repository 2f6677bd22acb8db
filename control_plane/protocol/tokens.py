"""Tokens for gateways (client credentials, RFC 6749 section 4.4) and for users (login)."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from control_plane.accounts.access import Origin
from control_plane.accounts.user_tokens import Kind
from control_plane.errors import Invalid, Unauthenticated
from control_plane.protocol.refusals import OAuthRefused
from control_plane.protocol.scope import InCaller, InServices, OrganizationReader
from control_plane.services import Services

router = APIRouter(prefix="/accounts")


def _encodable(secret: SecretStr) -> SecretStr:
    """Refuse lone surrogates: JSON can contain them, but they can't be hashed."""
    secret.get_secret_value().encode()
    return secret


Text = Annotated[str, Field(max_length=500)]
Secret = Annotated[SecretStr, Field(max_length=500), AfterValidator(_encodable)]


class GatewayLogin(BaseModel):
    """A token request by client credentials."""

    grant_type: Text
    client_id: Text
    client_secret: Secret


class UserLogin(BaseModel):
    """A user's name and password."""

    username: Text
    password: Secret


async def _fields(request: Request) -> dict[str, Any]:
    """The body. Gateways send JSON, OAuth clients send a form."""
    if "json" not in request.headers.get("content-type", ""):
        return dict(await request.form(max_files=0, max_fields=20))
    try:
        body = await request.json()
    except (ValueError, RecursionError) as error:
        raise Invalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise Invalid("the body must be a JSON object or a form")
    return body


@router.post("/oauth2/token")
@router.post("/api/v2/oauth2/token")
async def token(request: Request, services: InServices) -> dict[str, Any]:
    """A token for a gateway."""
    login = GatewayLogin.model_validate(await _fields(request))
    if login.grant_type != "client_credentials":
        raise OAuthRefused(
            HTTPStatus.BAD_REQUEST,
            "unsupported_grant_type",
            "grant_type must be client_credentials",
        )
    try:
        issued = await services.access.log_in_gateway(
            login.client_id, login.client_secret.get_secret_value()
        )
    except Unauthenticated as error:
        raise OAuthRefused(
            HTTPStatus.UNAUTHORIZED, "invalid_client", "unknown client_id or wrong client_secret"
        ) from error
    return _answer(services, issued)


@router.post("/login")
async def login(request: Request, services: InServices) -> dict[str, Any]:
    """A token for a user."""
    user = UserLogin.model_validate(await _fields(request))
    origin = Origin(request.client.host if request.client else None)
    issued = await services.access.log_in_user(
        user.username, user.password.get_secret_value(), Kind.ACCESS, origin
    )
    return _answer(services, issued)


def _answer(services: Services, token: str) -> dict[str, Any]:
    seconds = int(services.access.lifetimes.access.total_seconds())
    return {"access_token": token, "token_type": "bearer", "expires_in": seconds}


@router.get("/api/me")
def me(caller: InCaller, services: InServices) -> dict[str, Any]:
    """The login that the token belongs to, and the organization that paths begin with."""
    with services.database.read() as session:
        organization = caller.organization(session)
        return {
            "user": {
                "username": caller.name,
                "role": caller.role,
                "organization": {"id": organization.id, "name": organization.name},
            }
        }


@router.get("/api/organizations/{organization_id}/environments")
def environments(scope: OrganizationReader) -> dict[str, Any]:
    """The environments that the caller may name in paths."""
    with scope.reading() as session:
        found = [
            {"id": row.id, "name": row.name, "organizationId": row.organization_id}
            for row in scope.caller.environments(session)
        ]
    return {"data": found, "total": len(found)}
