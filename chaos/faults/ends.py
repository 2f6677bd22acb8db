"""Processes that end, and are started again."""

import signal

from chaos.fault import Fault
from chaos.site import Site

_KILLED = "Envoy repeats a Check whose connection breaks, but only twice."
_UNWRITTEN = (
    "A killed worker loses the events of the last flush window (0.5 s here), and what Envoy was "
    "sending to it."
)


class KillWorker(Fault):
    """A worker that does not sync."""

    name = "kill -9 of a worker"
    story = "One of the four workers is killed. Its parent starts another one in its place."
    may_fail = _KILLED
    may_lose = _UNWRITTEN
    lasts = False
    number = 1

    async def inject(self, site: Site) -> None:
        """Kill it."""
        await site.replicas[0].send_worker(self.number, signal.SIGKILL)


class KillSyncingWorker(KillWorker):
    """The worker that the others load policies and contracts from."""

    name = "kill -9 of the worker that syncs"
    story = (
        "The worker that polls the platform for both workers of an adapter is killed. The other "
        "one keeps what it has loaded."
    )
    number = 0


class KillAdapter(Fault):
    """All processes of one adapter."""

    name = "kill -9 of an adapter"
    story = (
        "The parent and both workers of an adapter are killed at once, as when a machine crashes. "
        "After some seconds it is started again with the same files."
    )
    may_fail = _KILLED
    may_lose = _UNWRITTEN

    async def inject(self, site: Site) -> None:
        """Kill them."""
        await site.replicas[0].kill()

    async def heal(self, site: Site) -> None:
        """Start it again."""
        await site.replicas[0].start()


class RestartAdapter(Fault):
    """A rolling restart."""

    name = "restart of both adapters"
    story = "One adapter after the other gets SIGTERM, ends, and is started again."
    lasts = False

    async def inject(self, site: Site) -> None:
        """Restart one, and then the other."""
        for replica in site.replicas:
            await replica.stop()
            await replica.start()
            await site.until_well()


class KillPlatform(Fault):
    """The control plane."""

    name = "kill -9 of the control plane"
    story = "The control plane is killed, and started again after some seconds."

    async def inject(self, site: Site) -> None:
        """Kill it."""
        await site.platform.stop(signal.SIGKILL)

    async def heal(self, site: Site) -> None:
        """Start it again."""
        await site.platform.start()


class KillEnvoy(Fault):
    """Envoy."""

    name = "kill -9 of Envoy"
    story = "Envoy is killed, and started again after some seconds."
    may_fail = "Nobody answers while the only Envoy is down."
    may_lose = "Envoy had not sent the entries of its last second."

    async def inject(self, site: Site) -> None:
        """Kill it."""
        await site.kill_envoy()

    async def heal(self, site: Site) -> None:
        """Start it again."""
        await site.start_envoy()


class KillAllInOutage(Fault):
    """Both adapters start from their disk copies."""

    name = "kill -9 of both adapters while the control plane is down"
    story = (
        "The control plane is killed, then both adapters. The adapters are started again, and "
        "decide from their copies on disk. After some seconds the control plane is started again."
    )
    may_fail = "Nobody answers until the first adapter has started again."
    may_lose = f"{_UNWRITTEN} Entries of requests that fail have no adapter to go to."

    async def inject(self, site: Site) -> None:
        """Kill all, and start the adapters."""
        await site.platform.stop(signal.SIGKILL)
        for replica in site.replicas:
            await replica.kill()
        self.between(site)
        for replica in site.replicas:
            await replica.start()

    def between(self, site: Site) -> None:
        """What else goes wrong while no adapter runs. Here: nothing."""

    async def heal(self, site: Site) -> None:
        """Start the control plane."""
        await site.platform.start()
