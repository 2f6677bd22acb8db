"""Reads requests for tokens: as a form or as JSON, with the credentials there or in a header.

RFC 6749, section 2.3.1, lets clients send their credentials as HTTP Basic or in the body.
"""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, Required
from urllib.parse import unquote_plus

from fastapi import Request
from pydantic import AfterValidator, BaseModel, Field, SecretStr
from typing_extensions import TypedDict

from control_plane.errors import Invalid
from control_plane.protocol.refusals import OAuthRefused

_CHALLENGE: Final = 'Basic realm="clients"'


def _encodable(secret: SecretStr) -> SecretStr:
    """Refuse lone surrogates: JSON can contain them, but they can't be hashed."""
    secret.get_secret_value().encode()
    return secret


Text = Annotated[str, Field(max_length=500)]
Secret = Annotated[SecretStr, Field(max_length=500), AfterValidator(_encodable)]


class ClientLogin(BaseModel):
    """Client credentials. Members that are not known are left alone, as RFC 6749 demands."""

    client_id: Text
    client_secret: Secret


class TokenRequest(TypedDict, total=False):
    """A request for a token, as it is documented. A client may send its credentials as HTTP Basic.

    The grant decides which of the others are needed.
    """

    grant_type: Required[Literal["client_credentials", "password"]]
    client_id: Text
    client_secret: Secret
    username: Text
    password: Secret


class UserLogin(BaseModel):
    """A user's name and password."""

    username: Text
    password: Secret


async def token_request(request: Request) -> dict[str, Any]:
    """The members of the body, with the client credentials of the header if it has some.

    Raise Invalid for a body that can't be read, and OAuthRefused for two sets of credentials.
    """
    members = await read_members(request)
    header = _basic(request.headers.get("authorization", ""))
    if header is None:
        return members
    client_id, secret = header
    if "client_secret" in members or members.get("client_id", client_id) != client_id:
        raise OAuthRefused(
            HTTPStatus.BAD_REQUEST,
            "invalid_request",
            "send the client credentials in the Authorization header or in the body, not in both",
        )
    return members | {"client_id": client_id, "client_secret": secret}


async def read_members(request: Request) -> dict[str, Any]:
    """The body. Gateways send JSON, OAuth clients send a form, and some send JSON as a form."""
    content_type = request.headers.get("content-type", "").lower()
    if "json" not in content_type and not (await request.body()).lstrip().startswith(b"{"):
        return _once(list((await request.form(max_files=0, max_fields=20)).multi_items()))
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise Invalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise Invalid("the body must be a JSON object or a form")
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise OAuthRefused(
            HTTPStatus.BAD_REQUEST, "invalid_request", "send each parameter only once"
        )
    return members


def _basic(header: str) -> tuple[str, str] | None:
    """The client id and the secret of HTTP Basic, each decoded as a value of a form is."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise refused_client("the Authorization header is not Basic with a client id and a secret")
    return unquote_plus(client_id), unquote_plus(secret)


def refused_client(message: str) -> OAuthRefused:
    """The refusal of client credentials (RFC 6749, section 5.2)."""
    return OAuthRefused(HTTPStatus.UNAUTHORIZED, "invalid_client", message, challenge=_CHALLENGE)
