"""OpenID Connect: logins through the operator's identity provider (code flow with PKCE).

Authlib builds the requests and checks the answers: state, nonce, signature, issuer and audience.
What has to be kept in between is in a cookie of the browser that began the login.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request

from control_plane.accounts.provider_roles import parse_rules
from control_plane.errors import Busy, ControlPlaneError, Invalid
from control_plane.settings import Settings

_TIMEOUT_S: Final = 10
_MAX_HANDSHAKE: Final = 3000
_RETRY_AFTER_S: Final = 10


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the browser keeps between the two steps of a login."""

    state: Mapping[str, Any]
    target: str
    """The page to go to afterwards."""

    def text(self) -> str:
        """It as the value of a cookie."""
        document = json.dumps({"state": self.state, "target": self.target})
        return base64.urlsafe_b64encode(document.encode()).decode()

    @classmethod
    def read(cls, text: str) -> "Handshake":
        """It from the value of a cookie; raise Invalid if there is none that can be read."""
        try:
            document = json.loads(base64.urlsafe_b64decode(text[:_MAX_HANDSHAKE]))
            return cls(dict(document["state"]), str(document["target"]))
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid("this login took too long, or began in another browser") from error


class IdentityProvider:
    """The identity provider of the settings."""

    def __init__(self, settings: Settings) -> None:
        """Raise ControlPlaneError for a mapping of roles that makes no sense."""
        secret = settings.oidc_client_secret
        try:
            self.rules = parse_rules(settings.oidc_roles)
        except ValueError as error:
            raise ControlPlaneError(f"setting oidc_roles: {error}") from error
        self.label = settings.oidc_label
        self._issuer = str(settings.oidc_issuer).rstrip("/")
        self._client = OAuth().register(
            name="provider",
            client_id=settings.oidc_client_id,
            client_secret=None if secret is None else secret.get_secret_value(),
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.oidc_scope,
                "code_challenge_method": "S256",
                "timeout": _TIMEOUT_S,
            },
        )

    async def begin(self, request: Request, redirect_uri: str, target: str) -> tuple[str, str]:
        """The address to send the browser to, and the handshake for its cookie.

        Raise Busy if the provider does not answer.
        """
        state: dict[str, Any] = {}
        request.scope["session"] = state
        try:
            await self._check_issuer()
            response = await self._client.authorize_redirect(request, redirect_uri)
        except (httpx2.HTTPError, AuthlibBaseError, ValueError, RuntimeError, KeyError) as error:
            raise _unavailable(error) from error
        return response.headers["location"], Handshake(state, target).text()

    async def claims(self, request: Request, handshake: Handshake) -> Mapping[str, Any]:
        """Who has logged in: the claims of the ID token and of the userinfo endpoint.

        Raise Invalid if the answer can't be used, and Busy if the provider does not answer.
        """
        request.scope["session"] = dict(handshake.state)
        try:
            metadata = await self._check_issuer()
            token = await self._client.authorize_access_token(request)
            identity = dict(token["userinfo"])
            if "userinfo_endpoint" in metadata:
                more = await self._client.userinfo(token=token)
                if more.get("sub") == identity["sub"]:
                    identity = {**more, **identity}
        except (AuthlibBaseError, JoseError) as error:
            raise _refused(error) from error
        except (httpx2.HTTPError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise _unavailable(error) from error
        return identity

    @property
    def issuer(self) -> str:
        """Its address, which is part of the name of each of its users."""
        return self._issuer

    async def _check_issuer(self) -> Mapping[str, Any]:
        metadata: Mapping[str, Any] = await self._client.load_server_metadata()
        if str(metadata.get("issuer")).rstrip("/") != self._issuer:
            self._client.server_metadata.clear()
            raise ValueError(f"it calls itself {metadata.get('issuer')!r}, not {self._issuer!r}")
        return metadata


def _unavailable(error: Exception) -> Busy:
    structlog.get_logger().error("identity_provider.failed", reason=_reason(error))
    return Busy(
        "the identity provider does not answer as it should; try again, or log in with a password",
        _RETRY_AFTER_S,
    )


def _refused(error: Exception) -> Invalid:
    structlog.get_logger().warning("identity_provider.login_refused", reason=_reason(error))
    if getattr(error, "error", "") == "access_denied":
        return Invalid("the login was cancelled at the identity provider")
    return Invalid("this login is not valid, or took too long; begin again")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
