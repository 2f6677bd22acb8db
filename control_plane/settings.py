"""Settings of the operator, read once at the start. All errors are reported at once."""

import os
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BeforeValidator,
    Field,
    FilePath,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from control_plane.database_address import DatabaseAddress, parse_address, parse_clickhouse

ENV_PREFIX = "POLICY_CONTROL_PLANE_"
TOKEN = "token"  # noqa: S105 - the name of a variable
"""A variable with this prefix that is no setting: commands have a personal token in it."""


def _networks(text: str) -> str:
    """The text if it names addresses and networks, with commas between."""
    for part in text.split(",") if text else ():
        try:
            ip_network(part.strip())
        except ValueError as error:
            raise ValueError(
                f"{part.strip()!r} is neither an IP address nor a network such as 10.0.0.0/8"
            ) from error
    return text


Networks = Annotated[str, AfterValidator(_networks)]
Mebibytes = Annotated[int, Field(ge=1, le=1024)]


def _address(value: object) -> object:
    return parse_address(value) if isinstance(value, str) else value


def _clickhouse(value: object) -> object:
    return parse_clickhouse(value) if isinstance(value, str) else value


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class SecretForm(StrEnum):
    """How an application's secret becomes `clientSecret` in the contract feed.

    The vendor's order of salt and secret is not public, nor is the encoding; these are the
    candidates that a gateway may have to understand.
    """

    HEX_SALT_LAST = "hex-salt-last"
    HEX_SALT_FIRST = "hex-salt-first"
    BASE64_SALT_LAST = "base64-salt-last"
    BASE64_SALT_FIRST = "base64-salt-first"


class Settings(BaseSettings):
    """Settings of the control plane: command line first, then `POLICY_CONTROL_PLANE_*`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, extra="forbid", frozen=True, arbitrary_types_allowed=True
    )

    database: Annotated[DatabaseAddress, BeforeValidator(_address)] = Path("control-plane.db")
    events: Annotated[URL | None, BeforeValidator(_clickhouse)] = None
    """A ClickHouse database for the events; else they are beside the configuration."""
    public_url: AnyHttpUrl | None = None
    """Our address for links and for the console's forms, behind a proxy; else what was asked."""
    trusted_proxies: Networks = ""
    """Proxies that tell us the client's address and scheme, in `X-Forwarded-For` and `-Proto`."""
    secret_form: SecretForm = SecretForm.HEX_SALT_LAST
    token_lifetime_s: int = Field(default=3600, ge=10, le=86_400)
    session_idle_s: int = Field(default=2 * 3600, ge=60, le=86_400)
    session_lifetime_s: int = Field(default=12 * 3600, ge=60, le=30 * 86_400)
    oidc_issuer: AnyHttpUrl | None = None
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_scope: str = "openid profile email"
    oidc_name_claim: str = "preferred_username"
    oidc_role_claim: str = "groups"
    oidc_roles: str = ""
    """Values of the claim and their roles (`accounts.provider_roles`); empty: owners give roles."""
    oidc_label: str = "single sign-on"
    contract_page_size: int = Field(default=100, ge=1, le=1000)
    max_body_mib: Mebibytes = 1
    max_analytics_body_mib: Mebibytes = 8
    max_analytics_unpacked_mib: Mebibytes = 64
    max_analytics_events: int = Field(default=50_000, ge=1, le=1_000_000)
    analytics_retention_days: int = Field(default=7, ge=1, le=3650)
    rollup_minute_hours: int = Field(default=48, ge=2, le=24 * 366)
    rollup_quarter_days: int = Field(default=90, ge=2, le=3660)
    rollup_hour_days: int = Field(default=396, ge=2, le=3660)

    alert_interval_s: int = Field(default=30, ge=1, le=3600)
    alert_webhooks_to_loopback: bool = False
    seal_key_file: Path | None = None
    """The key of the secrets of webhooks. Default: beside a SQLite file; none with PostgreSQL."""
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_security: Security = Security.STARTTLS
    smtp_ca_file: FilePath | None = None
    smtp_sender: Annotated[str, Field(max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$")] = ""
    smtp_user: str = ""
    smtp_password_file: FilePath | None = None

    @model_validator(mode="after")
    def _smtp_is_complete(self) -> Self:
        if bool(self.smtp_host) != bool(self.smtp_sender):
            raise ValueError("smtp_host and smtp_sender need each other")
        if bool(self.smtp_user) != bool(self.smtp_password_file):
            raise ValueError("smtp_user and smtp_password_file need each other")
        return self

    @model_validator(mode="after")
    def _oidc_is_complete(self) -> Self:
        if self.oidc_issuer is not None and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError("oidc_issuer needs oidc_client_id and oidc_client_secret too")
        if self.oidc_issuer is None and (self.oidc_client_id or self.oidc_roles):
            raise ValueError("oidc_issuer is missing; the other oidc settings have no effect")
        return self


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Variables with our prefix that name no setting, such as a misspelt one."""
    known = {f"{ENV_PREFIX}{name}".upper() for name in (*Settings.model_fields, TOKEN)}
    return sorted(
        name
        for name in environment
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known
    )
