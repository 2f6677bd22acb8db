"""The groups of settings."""

from adapter.settings.groups.analytics import AnalyticsSettings, DiskCopySettings, OtlpLogSettings
from adapter.settings.groups.collector import CollectorSettings, TracingSettings
from adapter.settings.groups.identity import ClientProviderSettings, IdentitySettings
from adapter.settings.groups.listener import ListenerSettings
from adapter.settings.groups.platform import PlatformSettings, ReportSettings
from adapter.settings.groups.process import MemorySettings, ObservabilitySettings, ShutdownSettings
from adapter.settings.groups.quota import QuotaSettings
from adapter.settings.groups.requests import BindingSettings, GatekeeperSettings, RequestSettings

__all__ = [
    "AnalyticsSettings",
    "BindingSettings",
    "ClientProviderSettings",
    "CollectorSettings",
    "DiskCopySettings",
    "GatekeeperSettings",
    "IdentitySettings",
    "ListenerSettings",
    "MemorySettings",
    "ObservabilitySettings",
    "OtlpLogSettings",
    "PlatformSettings",
    "QuotaSettings",
    "ReportSettings",
    "RequestSettings",
    "ShutdownSettings",
    "TracingSettings",
]
