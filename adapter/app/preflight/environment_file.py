"""Checks the environment file that replaces the platform, and settings that it makes useless."""

from typing import Final

from adapter.app.platform import sync_options_of
from adapter.app.preflight.findings import Findings
from adapter.errors import EnvironmentFileError
from adapter.settings import (
    AnalyticsSettings,
    GatekeeperSettings,
    IdentitySettings,
    PlatformSettings,
    RequestSettings,
)
from adapter.settings.groups import DiskCopySettings

_ABOUT_REQUESTS: Final = ("secret_form", "request_timeout_s", "max_response_bytes", "concurrency")


def check_environment_file(
    findings: Findings,
    platform: PlatformSettings,
    requests: RequestSettings,
    identity: IdentitySettings,
) -> None:
    """Read the file as `serve` does, and find everything that is wrong with it."""
    if platform.file is None:
        return
    # Only here: see that module.
    from adapter.app.environment_file import environment_file  # noqa: PLC0415

    file = environment_file(platform, sync_options_of(platform, requests, identity))
    try:
        file.read()
    except EnvironmentFileError as e:
        findings.faults.extend(f"platform.file: {platform.file}: {fault}" for fault in e.faults)


def note_useless_settings(
    findings: Findings,
    platform: PlatformSettings,
    gatekeeper: GatekeeperSettings,
    disk_copy: DiskCopySettings,
    analytics: AnalyticsSettings,
) -> None:
    """Note settings about a platform that have no effect, because there is none."""
    if platform.file is None:
        return
    given = [f"platform.{n}" for n in _ABOUT_REQUESTS if n in platform.model_fields_set]
    if gatekeeper.max_age_s is not None:
        given.append("gatekeeper.max_age_s")
    if disk_copy.directory is not None:
        given.append("disk_copy.directory")
    findings.notes.extend(f"{name}: has no effect with platform.file" for name in given)
    if analytics.enabled and analytics.otlp_logs.endpoint is None:
        findings.notes.append(
            "analytics: nobody gets the events of requests, because platform.file replaces the "
            "platform; for a collector of OpenTelemetry, set analytics.otlp_logs.endpoint"
        )
