"""Checks what is set for OpenTelemetry."""

from importlib.util import find_spec
from typing import Final

from adapter.analytics.otlp.header_files import read_headers
from adapter.app.preflight.findings import Findings
from adapter.app.preflight.tls_files import NamedFile, check_tls_files
from adapter.settings import AnalyticsSettings, TracingSettings
from adapter.settings.addresses import is_loopback
from adapter.settings.groups import CollectorSettings

INSTALL: Final = "OpenTelemetry needs an extra: pip install 'envoy-policy-adapter[otel]'"


def check_otlp_logs(
    findings: Findings, analytics: AnalyticsSettings, *, installed: bool | None = None
) -> None:
    """Find what is wrong with the collector of log records; see `_check_collector`."""
    _check_collector(findings, "analytics.otlp_logs", analytics.otlp_logs, installed)


def check_tracing(
    findings: Findings, tracing: TracingSettings, *, installed: bool | None = None
) -> None:
    """Find what is wrong with the collector of spans; see `_check_collector`."""
    _check_collector(findings, "tracing", tracing, installed)


def _check_collector(
    findings: Findings, group: str, collector: CollectorSettings, installed: bool | None
) -> None:
    """Find files that cannot be used, and a missing extra (`installed`; None to find out)."""
    if collector.endpoint is None:
        return
    if not (otel_installed() if installed is None else installed):
        findings.faults.append(f"{group}.endpoint: {INSTALL}")
    none = NamedFile("", None)
    check_tls_files(findings, none, none, NamedFile(f"{group}.ca_file", collector.ca_file))
    for name, file in collector.header_files.items():
        try:
            read_headers({name: file})
        except ValueError as e:
            findings.faults.append(f"{group}.header_files.{name}: {e}")
    if collector.endpoint.scheme == "http" and not is_loopback(collector.endpoint.host or ""):
        findings.notes.append(
            f"{group}.endpoint: is http://, so what is sent crosses the network in clear text; "
            "use https://"
        )


def otel_installed() -> bool:
    """Whether the extra `otel` is there."""
    try:
        return find_spec("opentelemetry.proto") is not None
    except ModuleNotFoundError:
        return False
