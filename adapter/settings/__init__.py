"""The settings of an adapter: their groups, their defaults, and how they are read."""

from adapter.settings.groups import (
    AnalyticsSettings,
    GatekeeperSettings,
    IdentitySettings,
    ListenerSettings,
    ObservabilitySettings,
    PlatformSettings,
    QuotaSettings,
    RequestSettings,
    ShutdownSettings,
    TracingSettings,
)
from adapter.settings.loading import load_settings
from adapter.settings.settings import Settings

__all__ = [
    "AnalyticsSettings",
    "GatekeeperSettings",
    "IdentitySettings",
    "ListenerSettings",
    "ObservabilitySettings",
    "PlatformSettings",
    "QuotaSettings",
    "RequestSettings",
    "Settings",
    "ShutdownSettings",
    "TracingSettings",
    "load_settings",
]
