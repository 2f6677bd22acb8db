"""Checks what several workers change."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapter.app.preflight.addresses import LONGEST_SOCKET_PATH
from adapter.app.preflight.findings import Findings
from adapter.settings import Settings
from adapter.settings.groups import QuotaSettings
from adapter.settings.settings import SPOOL_FILE

_LONGEST_NAME: Final = len("/policy-adapter-12345678/63.inspection")
"""Bytes of the path of a socket, below the directory for temporary files."""


def check_workers(
    findings: Findings, workers: int, quota: QuotaSettings, state: Path | None
) -> None:
    """Find no place for the workers' sockets, and note what is easily overlooked.

    That is: limits that are counted several times, and events that no worker would upload.
    """
    if workers > 1:
        _check_temporary_directory(findings)
    if workers > 1 and quota.store == "memory":
        findings.notes.append(f"workers: {_counted_alone(workers, workers * quota.processes)}")
    for name in _left_behind(workers, state):
        findings.notes.append(
            f"workers: there is no {name} any more, so nobody uploads the events in "
            f"{state}/{name}; start once with more workers, and stop when they are uploaded"
        )


def _check_temporary_directory(findings: Findings) -> None:
    """The sockets between the processes are in a directory of their own there."""
    try:
        directory = tempfile.gettempdir()
    except FileNotFoundError:
        findings.faults.append(
            "workers: there is no directory for temporary files, where the sockets between workers "
            "are; set TMPDIR in the environment to one that this user can write to"
        )
        return
    if len(os.fsencode(directory)) > LONGEST_SOCKET_PATH - _LONGEST_NAME:
        findings.faults.append(
            f"workers: the path {directory} is too long for the sockets between workers; set "
            "TMPDIR in the environment to a shorter one"
        )


def quota_alarms(worker: Settings) -> dict[str, str]:
    """What an operator should know about the limits, given the settings of one worker."""
    if worker.workers == 1 or worker.quota.store != "memory":
        return {}
    return {"quotas": _counted_alone(worker.workers, worker.quota.processes)}


def _counted_alone(workers: int, times: int) -> str:
    return (
        f"each of the {workers} workers counts quotas in its own memory, so rate limits admit up "
        f"to {times} times as many requests; for exact limits, set quota.store: redis"
    )


def _left_behind(workers: int, state: Path | None) -> Iterator[str]:
    """The directories of workers that do not exist any more, with events in them."""
    for spool in sorted(state.glob(f"worker-*/{SPOOL_FILE}")) if state else ():
        number = spool.parent.name.removeprefix("worker-")
        if number.isdecimal() and int(number) >= workers:
            yield spool.parent.name
