"""Runs all checks."""

from collections.abc import Iterable
from dataclasses import replace

from adapter.doctor.checks import GROUPS
from adapter.doctor.finding import Finding, Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.mesh_objects import OBJECTS, mesh_of
from adapter.doctor.model import Envoy
from adapter.errors import ConfigurationError

_ORDER = tuple(Severity)


def examine(envoy: Envoy, adapter: KnownAdapter) -> list[Finding]:
    """All findings: Envoy itself first, then by listener and cluster; errors first in each."""
    mesh = mesh_of(envoy)
    findings = [
        replace(finding, change_in=f"{mesh}: {OBJECTS[mesh][heading]}" if mesh else "")
        for heading, checks in GROUPS.items()
        for check in checks
        for finding in check.run(envoy, adapter)
    ]
    groups = ["Envoy"]
    groups += [f.place.group for f in findings if f.place.listener]
    groups += [f.place.group for f in findings]
    return sorted(findings, key=lambda f: (groups.index(f.place.group), _ORDER.index(f.severity)))


def refuse_unknown_codes(codes: Iterable[str]) -> None:
    """Raise ConfigurationError if one of these is not the code of a check."""
    known = {check.code for checks in GROUPS.values() for check in checks}
    if unknown := sorted(set(codes) - known):
        raise ConfigurationError(
            f"--ignore: unknown codes: {', '.join(unknown)}; docs/doctor.md lists all"
        )
