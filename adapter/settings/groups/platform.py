"""The platform, and what adapters report to it."""

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import (
    Field,
    HttpUrl,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from adapter.settings.groups.group import Group
from adapter.settings.values import (
    ApiIds,
    FilledPath,
    FilledText,
    PlatformUrl,
    Seconds,
    Texts,
    of_form,
)

_ACCOUNT: Final = ("base_url", "organization_id", "environment_id", "client_id", "client_secret")


class PlatformAccount(NamedTuple):
    """Where the platform is, and who the adapter is to it."""

    base_url: HttpUrl
    organization_id: str
    environment_id: str
    client_id: str
    client_secret: SecretStr


class PlatformSettings(Group):
    """The API management platform, or an environment file that replaces it."""

    file: FilledPath | None = None
    """An environment file. The adapter then has no platform, and needs no account there."""
    base_url: Annotated[PlatformUrl | None, Field(validate_default=True)] = None
    """URL of Anypoint Platform, or of our own control plane."""
    analytics_url: PlatformUrl | None = None
    """URL for analytics events. Default: `base_url`."""
    organization_id: Annotated[FilledText | None, Field(validate_default=True)] = None
    environment_id: Annotated[FilledText | None, Field(validate_default=True)] = None
    client_id: Annotated[FilledText | None, Field(validate_default=True)] = None
    """The environment's client id, with which the adapter logs in."""
    client_secret: Annotated[
        Annotated[SecretStr, Field(min_length=1)] | None, Field(validate_default=True)
    ] = None
    apis: ApiIds = "environment"
    """`environment` for all API instances of the environment, or a list of their ids."""
    ignored_policy_types: Texts = ()
    """Policy types that are not enforced. An API with any other unsupported policy is closed."""
    secret_form: Literal["auto", "secret+salt", "salt+secret"] = "auto"  # noqa: S105 - no secret
    """The order in which the platform joins client secret and salt before SHA-256."""
    poll_interval_s: Seconds = 15
    request_timeout_s: Seconds = 10
    max_response_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024 * 1024
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Most requests to the platform at once."""

    @field_validator(*_ACCOUNT, "analytics_url")
    @classmethod
    def _either_platform_or_file(cls, value: object, info: ValidationInfo) -> object:
        if "file" not in info.data:  # it has a fault of its own
            return value
        has_file = info.data["file"] is not None
        if has_file and value is not None:
            raise ValueError("cannot be used together with platform.file; remove one of the two")
        if not has_file and value is None and info.field_name in _ACCOUNT:
            raise PydanticCustomError("missing", "is missing")
        return value

    @property
    def account(self) -> PlatformAccount | None:
        """The account on the platform; None if an environment file replaces the platform."""
        if (
            self.base_url is None
            or self.organization_id is None
            or self.environment_id is None
            or self.client_id is None
            or self.client_secret is None
        ):
            return None
        return PlatformAccount(
            self.base_url,
            self.organization_id,
            self.environment_id,
            self.client_id,
            self.client_secret,
        )


class ReportSettings(Group):
    """Reports to the platform about what this adapter runs; only our control plane takes them."""

    enabled: bool = True
    instance_id: (
        Annotated[
            str,
            of_form(
                r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}",
                "have at most 100 letters, digits, dots, colons, hyphens and underscores, such as "
                "gateway-1",
            ),
        ]
        | None
    ) = None
    """What the platform calls this adapter. Each adapter needs its own, and keeps it over a
    restart; workers add their number. Default: the name of the machine and the port of
    `listener.address`."""
