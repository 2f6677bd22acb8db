"""Checks what is set for OpenTelemetry."""

from importlib.util import find_spec

from adapter.analytics.otlp.header_files import read_headers
from adapter.app.preflight.findings import Findings
from adapter.app.preflight.tls_files import NamedFile, check_tls_files
from adapter.settings import AnalyticsSettings
from adapter.settings.addresses import is_loopback

INSTALL = "OpenTelemetry needs an extra: pip install 'envoy-policy-adapter[otel]'"


def check_otlp_logs(
    findings: Findings, analytics: AnalyticsSettings, *, installed: bool | None = None
) -> None:
    """Find files that cannot be used, and a missing extra (`installed`; None to find out)."""
    otlp, group = analytics.otlp_logs, "analytics.otlp_logs"
    if otlp.endpoint is None:
        return
    if not (otel_installed() if installed is None else installed):
        findings.faults.append(f"{group}.endpoint: {INSTALL}")
    none = NamedFile("", None)
    check_tls_files(findings, none, none, NamedFile(f"{group}.ca_file", otlp.ca_file))
    for name, file in otlp.header_files.items():
        try:
            read_headers({name: file})
        except ValueError as e:
            findings.faults.append(f"{group}.header_files.{name}: {e}")
    if otlp.endpoint.scheme == "http" and not is_loopback(otlp.endpoint.host or ""):
        findings.notes.append(
            f"{group}.endpoint: is http://, so events and headers cross the network in clear "
            "text; use https://"
        )


def otel_installed() -> bool:
    """Whether the extra `otel` is there."""
    try:
        return find_spec("opentelemetry.proto") is not None
    except ModuleNotFoundError:
        return False
