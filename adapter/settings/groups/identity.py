"""Calls to identity providers and LDAP servers, and tokens."""

from typing import Annotated

from pydantic import (
    Field,
    SecretStr,
    model_validator,
)

from adapter.settings.groups.group import Group
from adapter.settings.values import (
    FilledPath,
    FilledText,
    Hosts,
    HttpAddress,
    Networks,
    Seconds,
)


class ClientProviderSettings(Group):
    """The organization's client provider, for openidconnect-access-token-enforcement."""

    issuer: HttpAddress | None = None
    """Its issuer URL. The introspection endpoint is found by discovery."""
    introspection_url: HttpAddress | None = None
    """Or the URL of its introspection endpoint."""
    client_id: str = ""
    """The client id with which the adapter may introspect tokens."""
    client_secret: Annotated[SecretStr, Field(min_length=1)] | None = None
    """Its secret."""

    @model_validator(mode="after")
    def _complete(self) -> "ClientProviderSettings":
        places = sum(place is not None for place in (self.issuer, self.introspection_url))
        parts = (places == 1, bool(self.client_id), self.client_secret is not None)
        if any((places, *parts)) and not all(parts):
            raise ValueError(
                "set client_id, client_secret, and one of issuer and introspection_url"
            )
        return self


class IdentitySettings(Group):
    """Calls to identity providers, whose addresses API admins choose in policies; and tokens."""

    allow_http: bool = False
    """Whether `http` URLs may be called. Otherwise only `https`."""
    allow_networks: Networks = ()
    """Networks (CIDR) inside yours that may be called. Default: none, not even loopback.
    Link-local addresses and metadata services of clouds are always refused."""
    allowed_hosts: Hosts | None = None
    """Only these hosts may be called; `*.example.com` stands for all below it. Default: any."""
    ca_file: FilledPath | None = None
    """PEM file of CAs that providers' certificates are checked against. Default: the same as for
    the platform."""
    allow_plain_ldap: bool = False
    """Whether passwords may be sent in clear text to `ldap` URLs. Otherwise the server must offer
    StartTLS."""
    ldap_timeout_s: Seconds = 5
    """Longest time for authenticating one user. Envoy's timeout for the Check may be shorter."""
    ldap_concurrency: Annotated[int, Field(ge=1, le=1_000)] = 32
    """Most requests to one LDAP server at the same time. Above it, Checks fail at once. Users
    whose password was not right within the last hour get at most half of them."""
    ldap_remember_s: Annotated[float, Field(ge=0, le=3_600)] = 30
    """How long a user who was authenticated is let in without asking the server again."""
    ldap_remembered_users: Annotated[int, Field(ge=1)] = 10_000
    """Most users that are remembered."""
    certificate_file: FilledPath | None = None
    """PEM file of our own certificate, for providers that ask for one."""
    key_file: FilledPath | None = None
    """PEM file of its key."""
    max_response_bytes: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 256 * 1024
    """Largest answer that is read."""
    jwks_cooldown_s: Seconds = 5
    """Shortest time between two fetches of a key set because tokens name unknown keys."""
    max_remembered_tokens: Annotated[int, Field(ge=100)] = 10_000
    """Verified tokens that are remembered. One of more than 1,024 characters counts as several."""
    clock_skew_s: Annotated[float, Field(ge=0, le=300)] = 30
    """How much the clocks of an issuer and this machine may differ: see `exp` and `nbf`."""

    envoy_jwt_payload: FilledText | None = None
    """`payload_in_metadata` of Envoy's `jwt_authn` filter. Tokens that it verified are then not
    verified again, so the keys of policies do not count for them. Default: no such trust."""
    introspection_concurrency: Annotated[int, Field(ge=2, le=200)] = 100
    """Most introspections of tokens at the same time. A provider gets at most as many as are still
    free, so half of them if it is alone. Above that, Checks with new tokens fail at once."""
    refused_token_s: Annotated[float, Field(ge=0, le=300)] = 5
    """How long a token that is not active is refused without asking its provider again."""
    client_provider: ClientProviderSettings = ClientProviderSettings()

    @model_validator(mode="after")
    def _complete_certificate(self) -> "IdentitySettings":
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("set both certificate_file and key_file, or neither")
        return self
