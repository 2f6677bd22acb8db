"""Checks the settings against this machine, without asking any server."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from adapter.app.preflight.addresses import check_addresses
from adapter.app.preflight.bindings_file import check_bindings_file
from adapter.app.preflight.directories import check_directories
from adapter.app.preflight.environment_file import check_environment_file, note_useless_settings
from adapter.app.preflight.findings import Findings
from adapter.app.preflight.identity import check_identity
from adapter.app.preflight.otel import check_otlp_logs, check_tracing
from adapter.app.preflight.platform import check_platform
from adapter.app.preflight.quota_store import check_quota_store
from adapter.app.preflight.tls_files import check_listener_tls
from adapter.app.preflight.token import check_token
from adapter.app.preflight.workers import check_workers

Check: TypeAlias = Callable[..., None]
"""Takes the findings to add to, and the settings of its parts."""

_CHECKS: Final[tuple[tuple[Check, tuple[str, ...]], ...]] = (
    (check_platform, ("platform",)),
    (check_environment_file, ("platform", "requests", "identity")),
    (note_useless_settings, ("platform", "gatekeeper", "disk_copy", "analytics")),
    (check_bindings_file, ("requests",)),
    (check_listener_tls, ("listener",)),
    (check_token, ("listener",)),
    (check_addresses, ("listener", "observability", "workers")),
    (check_workers, ("workers", "quota", "state_directory")),
    (check_directories, ("state_directory", "disk_copy", "quota", "platform")),
    (check_quota_store, ("quota",)),
    (check_identity, ("identity",)),
    (check_otlp_logs, ("analytics",)),
    (check_tracing, ("tracing",)),
)
"""Each check, and the parts of the settings that it reads."""


def examine(parts: Mapping[str, Any]) -> Findings:
    """Check the valid parts of the settings (see `settings.loading.Reading`).

    A check is left out if a part that it reads is not valid.
    """
    findings = Findings()
    for check, names in _CHECKS:
        if all(name in parts for name in names):
            check(findings, *(parts[name] for name in names))
    return findings
