"""Disks that are full, read-only, or have other bytes than were written."""

import signal
from collections.abc import Iterator
from pathlib import Path

from chaos.fault import Fault
from chaos.faults.ends import KillAllInOutage
from chaos.faults.partitions import UNAVAILABLE
from chaos.site import Site

_GARBAGE = b"garbage " * 512


class FullDisk(Fault):
    """No byte left, while events have to wait."""

    name = "full disk while the control plane is away"
    story = (
        "The disks of both adapters' state directories (a tmpfs of 64 MB each) are filled to the "
        "last byte, while the control plane answers 503. Where nothing can be mounted, a limit of "
        "0 bytes for the size of files (RLIMIT_FSIZE) stands for it."
    )

    async def inject(self, site: Site) -> None:
        """Fill them."""
        site.proxy.answer([UNAVAILABLE])
        for disk, replica in zip(site.disks, site.replicas, strict=True):
            disk.fill(replica.pids())

    async def heal(self, site: Site) -> None:
        """Give the space back."""
        for disk, replica in zip(site.disks, site.replicas, strict=True):
            disk.empty(replica.pids())
        site.proxy.heal()


class ReadOnlyFiles(Fault):
    """A restart of a worker with files that it may not write."""

    name = "read-only files and a killed worker"
    story = (
        "All files and directories of an adapter's state become read-only, and one of its workers "
        "is killed, so that it has to open them anew."
    )
    may_fail = "Envoy repeats a Check whose connection breaks, but only twice."
    may_lose = "The killed worker loses the events of its last flush window."

    async def inject(self, site: Site) -> None:
        """Take the permission to write away, and kill the worker."""
        replica = site.replicas[0]
        for path in _below(replica.state):
            path.chmod(0o500 if path.is_dir() else 0o400)
        await replica.send_worker(1, signal.SIGKILL)

    async def heal(self, site: Site) -> None:
        """Give the permission back."""
        for path in _below(site.replicas[0].state):
            path.chmod(0o700 if path.is_dir() else 0o600)


class CorruptSpool(Fault):
    """Garbage in the middle of files that are in use."""

    name = "corrupted spools while the control plane is away"
    story = (
        "While events wait on the disk because the control plane answers 503, garbage is written "
        "into the middle of all spool files and their logs."
    )
    may_lose = "Events that only a damaged spool had are lost, and counted as spool_lost."

    async def inject(self, site: Site) -> None:
        """Have events wait, and garble the files."""
        site.proxy.answer([UNAVAILABLE])
        await site.until_on_disk()
        for replica in site.replicas:
            _garble(replica.state.rglob("events.spool"))
            _garble(replica.state.rglob("events.spool-wal"))

    async def heal(self, site: Site) -> None:
        """Let the control plane answer."""
        site.proxy.heal()


class CorruptFiles(Fault):
    """An adapter that starts with files of garbage."""

    name = "restart with corrupted files"
    story = (
        "An adapter is killed. All files of its state directory are overwritten with garbage. It "
        "is started again."
    )
    may_fail = "Envoy repeats a Check whose connection breaks, but only twice."
    may_lose = "What the killed adapter had on the disk and in memory is gone."
    lasts = False

    async def inject(self, site: Site) -> None:
        """Kill it, and garble its files."""
        replica = site.replicas[0]
        await replica.kill()
        _garble(_below(replica.state))

    async def heal(self, site: Site) -> None:
        """Start it again."""
        await site.replicas[0].start()


class CorruptCopies(KillAllInOutage):
    """Adapters that know nothing."""

    name = "the same with corrupted files"
    story = (
        "As before, and all files of both adapters are overwritten with garbage before the start. "
        "So nobody knows policies and contracts until the control plane is back."
    )
    may_fail = "Without policies and contracts every request is answered 503."
    may_lose = "What the killed adapters had on the disk and in memory is gone."

    def between(self, site: Site) -> None:
        """Garble all files."""
        for replica in site.replicas:
            _garble(_below(replica.state))


def _below(directory: Path) -> Iterator[Path]:
    """The directory, and all that is in it."""
    yield directory
    yield from directory.rglob("*")


def _garble(paths: Iterator[Path]) -> None:
    """Write garbage into the middle of the files, whose sizes stay."""
    for path in paths:
        if path.is_file() and (size := path.stat().st_size):
            with path.open("r+b") as file:
                file.seek(size // 3)
                file.write(_GARBAGE[: size // 2 + 1])
