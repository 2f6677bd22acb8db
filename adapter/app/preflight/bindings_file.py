"""Checks the file with the bindings."""

from adapter.app.preflight.findings import Findings
from adapter.errors import BindingsFileError
from adapter.settings import RequestSettings
from adapter.settings.bindings_file import bindings_of


def check_bindings_file(findings: Findings, requests: RequestSettings) -> None:
    """Read the file as `serve` does, and find everything that is wrong with it."""
    try:
        bindings_of(requests)
    except BindingsFileError as e:
        findings.faults.extend(e.faults)
