"""Processes that stop for a while without ending, as on a machine that is out of breath."""

import os
import signal

from chaos.fault import Fault
from chaos.site import Site

_WAITING = (
    "Checks that Envoy has sent to a stopped process wait for their timeout, and get 503. Envoy's "
    "health check leaves the process out after at most 1.5 s."
)


class StopWorker(Fault):
    """SIGSTOP to one worker."""

    name = "SIGSTOP of a worker"
    story = "One of the four workers gets SIGSTOP, and SIGCONT after some seconds."
    may_fail = _WAITING

    async def inject(self, site: Site) -> None:
        """Stop it."""
        self._pid = await site.replicas[0].send_worker(1, signal.SIGSTOP)

    async def heal(self, site: Site) -> None:
        """Let it continue."""
        os.kill(self._pid, signal.SIGCONT)


class StopAdapter(Fault):
    """SIGSTOP to all processes of an adapter."""

    name = "SIGSTOP of an adapter"
    story = "The parent and both workers of an adapter get SIGSTOP, and SIGCONT after some seconds."
    may_fail = _WAITING

    async def inject(self, site: Site) -> None:
        """Stop them."""
        site.replicas[0].send(signal.SIGSTOP)

    async def heal(self, site: Site) -> None:
        """Let them continue."""
        site.replicas[0].send(signal.SIGCONT)


class StopPlatform(Fault):
    """SIGSTOP to the control plane."""

    name = "SIGSTOP of the control plane"
    story = (
        "The control plane gets SIGSTOP, and SIGCONT after some seconds. It takes connections "
        "meanwhile, and answers nothing."
    )

    async def inject(self, site: Site) -> None:
        """Stop it."""
        os.kill(site.platform.pid, signal.SIGSTOP)

    async def heal(self, site: Site) -> None:
        """Let it continue."""
        os.kill(site.platform.pid, signal.SIGCONT)
