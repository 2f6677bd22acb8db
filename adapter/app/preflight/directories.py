"""Checks the directories of the files that are kept over a restart."""

import tempfile
from pathlib import Path

from adapter.app.preflight.findings import Findings
from adapter.runtime.system_errors import system_words
from adapter.settings.groups import DiskCopySettings, PlatformSettings, QuotaSettings


def check_directories(
    findings: Findings,
    state: Path | None,
    disk_copy: DiskCopySettings,
    quota: QuotaSettings,
    platform: PlatformSettings,
) -> None:
    """Find directories that cannot be written to, and note what is not kept."""
    if state is not None:
        check_writable(findings, "state_directory", state)
    if disk_copy.directory is not None:
        check_writable(findings, "disk_copy.directory", disk_copy.directory)
    if quota.file is not None:
        if quota.file.is_dir():
            findings.faults.append(f"quota.file: {quota.file} is a directory; name a file in it")
        else:
            check_writable(findings, "quota.file", quota.file.parent)
    if platform.file is None and state is None and disk_copy.directory is None:
        findings.notes.append(
            "state_directory: is not set, so a restart while the platform is down denies every "
            "request until the platform is back"
        )


def check_writable(findings: Findings, name: str, directory: Path) -> None:
    """Try to write into the directory, or into the one in which it would be created."""
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    if not existing.is_dir():
        findings.faults.append(f"{name}: {existing} is not a directory; choose another place")
        return
    try:
        # On Linux, such a file never has a name.
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as e:
        findings.faults.append(
            f"{name}: cannot write to {existing}: {system_words(e)}; choose another directory, or "
            "give this user the right to write there"
        )
