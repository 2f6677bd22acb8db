"""Options of the platform client for tests: the settings' defaults, with changes."""

from dataclasses import fields, replace
from typing import Any, NamedTuple

from adapter.app.platform import platform_options, sync_options
from adapter.platform_client.protocol.options import PlatformOptions
from adapter.platform_client.sync.options import SyncOptions
from adapter.settings import PlatformSettings, Settings

BASE_URL = "http://platform.test"


_CONNECTION = {
    "base_url": BASE_URL,
    "organization_id": "org",
    "environment_id": "env",
    "client_id": "gateway",
    "client_secret": "gateway-secret",
}


class Options(NamedTuple):
    """The options of the client and of the sync."""

    platform: PlatformOptions
    sync: SyncOptions


def options(**changes: Any) -> Options:
    """Options for the platform simulator, without random waits, and with these changes."""
    settings = Settings(platform=PlatformSettings.model_validate(_CONNECTION))
    values: dict[str, Any] = {"base_url": BASE_URL, "poll_spread": 0.0} | changes
    account = settings.platform.account
    assert account is not None
    platform, sync = platform_options(settings.platform, account), sync_options(settings)
    of_platform = {f.name for f in fields(platform)}
    return Options(
        replace(platform, **{n: v for n, v in values.items() if n in of_platform}),
        replace(sync, **{n: v for n, v in values.items() if n not in of_platform}),
    )


def settings_with(**groups: object) -> Settings:
    """Settings with these groups, for a platform that nobody asks."""
    return Settings.model_validate({"platform": _CONNECTION, **groups})
