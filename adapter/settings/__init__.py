"""The settings of an adapter: their groups, their defaults, and how they are read."""

from adapter.settings.groups import (
    AnalyticsSettings,
    ListenerSettings,
    PlatformSettings,
    QuotaSettings,
    ShutdownSettings,
)
from adapter.settings.loading import Settings, load_settings

__all__ = [
    "AnalyticsSettings",
    "ListenerSettings",
    "PlatformSettings",
    "QuotaSettings",
    "Settings",
    "ShutdownSettings",
    "load_settings",
]
