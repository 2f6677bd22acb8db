"""Certificates that are renewed while the adapter runs."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.tls_files import NamedFile, check_tls_files
from adapter.errors import AdapterError
from adapter.runtime.clock import Clock

_LOOK_S: Final = 5.0
_Looks: TypeAlias = tuple[tuple[int, int, int] | None, ...]
"""How some files look: inode, time of change and size; None for a file that is not there."""


@dataclass(frozen=True, slots=True)
class CertificateUse:
    """Files that belong together, and what takes them over."""

    name: str
    """Who uses them, such as `listener`."""
    certificate: NamedFile
    key: NamedFile
    authorities: NamedFile
    environment: Path | None
    """A file or folder of CAs that the environment names. `renew` alone checks it, because lists
    of a whole system contain certificates that only OpenSSL accepts."""
    renew: Callable[[], Awaitable[None]]
    """Takes over the files as they are now. Raises AdapterError, and then keeps what it has."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files and folders that there are."""
        paths = (self.certificate.path, self.key.path, self.authorities.path, self.environment)
        return tuple(path for path in paths if path is not None)


class Certificates:
    """Renews certificates when their files change, and when an operator says so.

    Files are checked first, as at the start. If they cannot be used, the old ones stay in use, and
    the files are tried again each time: a certificate is often replaced before its key.
    """

    def __init__(self, uses: Sequence[CertificateUse], clock: Clock) -> None:
        self._uses = tuple(use for use in uses if use.paths)
        self._clock = clock
        self._seen = {use.name: _looks(use.paths) for use in self._uses}
        self._faults: dict[str, Sequence[str]] = {}
        self._renewing = asyncio.Lock()

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at."""
        return {f"{name} certificate": "; ".join(faults) for name, faults in self._faults.items()}

    @property
    def kept(self) -> Mapping[tuple[str, ...], float]:
        """1 for each use whose new files cannot be used, 0 for the others."""
        return {(use.name,): float(use.name in self._faults) for use in self._uses}

    async def run(self) -> None:
        """Look for changed files until cancelled."""
        while True:
            await self._clock.sleep(_LOOK_S)
            for use in self._uses:
                looks = await asyncio.to_thread(_looks, use.paths)
                if looks != self._seen[use.name] or use.name in self._faults:
                    await self._renew(use)

    async def renew_all(self) -> None:
        """Take over all files, whether they have changed or not."""
        for use in self._uses:
            await self._renew(use)

    async def _renew(self, use: CertificateUse) -> None:
        async with self._renewing:
            findings = Findings()
            looks = await asyncio.to_thread(_looks, use.paths)
            files = (use.certificate, use.key, use.authorities)
            await asyncio.to_thread(check_tls_files, findings, *files)
            if not findings.faults:
                try:
                    await use.renew()
                except AdapterError as e:
                    findings.faults.append(str(e))
            # What the files looked like before they were read, so that a later change is seen.
            self._seen[use.name] = looks
            self._note(use.name, tuple(findings.faults))

    def _note(self, name: str, faults: Sequence[str]) -> None:
        log = structlog.get_logger()
        before = self._faults.pop(name, ())
        if not faults:
            log.info("certificates.renewed", of=name)
            return
        self._faults[name] = faults
        if faults != before:
            log.error("certificates.kept", of=name, faults=faults)


def _looks(paths: Sequence[Path]) -> _Looks:
    return tuple(_look(path) for path in paths)


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
