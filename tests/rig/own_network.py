"""Runs a command in a network of its own, so that fixed ports can't be taken already.

Linux gives an ordinary user a private network in a user namespace (`unshare`). Where it is
forbidden, as in some containers, commands run in the machine's network and need their ports free.
"""

import subprocess
import sys
from collections.abc import Sequence

_UNSHARE = ("unshare", "--user", "--map-root-user", "--net")

# A new network has a loopback interface that is down. 0x8914 is SIOCSIFFLAGS; 0x41 means up and
# running (netdevice(7)).
_WITH_LOOPBACK = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH22x", b"lo", 0x41))
os.execvp(sys.argv[1], sys.argv[1:])
"""


def in_own_network(command: Sequence[str]) -> tuple[str, ...]:
    """The command line that runs `command` in a network of its own, where that is allowed."""
    isolated = (*_UNSHARE, sys.executable, "-c", _WITH_LOOPBACK)
    try:
        probe = subprocess.run([*isolated, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return tuple(command)
    return (*isolated, *command) if probe.returncode == 0 else tuple(command)
