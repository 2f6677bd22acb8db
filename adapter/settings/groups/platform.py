"""The platform, and what adapters report to it."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    SecretStr,
)

from adapter.settings.groups.group import Group
from adapter.settings.values import (
    ApiIds,
    FilledText,
    PlatformUrl,
    Seconds,
    Texts,
    of_form,
)


class PlatformSettings(Group):
    """The API management platform."""

    base_url: PlatformUrl
    """URL of Anypoint Platform, or of our own control plane."""
    analytics_url: PlatformUrl | None = None
    """URL for analytics events. Default: `base_url`."""
    organization_id: FilledText
    environment_id: FilledText
    client_id: FilledText
    """The environment's client id, with which the adapter logs in."""
    client_secret: Annotated[SecretStr, Field(min_length=1)]
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
