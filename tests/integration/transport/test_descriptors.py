"""A server for whose clients the system has no file descriptor left."""

import resource
import socket
import subprocess
import sys

from structlog.testing import capture_logs

from adapter.transport.descriptors import descriptors_for
from adapter.transport.http2.server import AsyncioServer
from support.defaults import server_options
from tests.integration.transport.servers import Service, serving
from tests.integration.transport.test_servers import call, channel
from tests.rig.descriptors import no_descriptor_left
from tests.rig.polling import until

CLIENTS = 20


async def test_without_descriptors_a_server_goes_on() -> None:
    """Clients that are there are served, new ones turned away at once, and it says so once."""
    with capture_logs() as logs:
        async with (
            serving("asyncio", Service(), server_options()) as server,
            channel(server) as known,
        ):
            assert isinstance(server, AsyncioServer)
            host, _, port = server.addresses[0].rpartition(":")
            assert await call(known, b"before") == b"before"
            waiting = [socket.socket() for _ in range(CLIENTS)]
            with no_descriptor_left():
                for client in waiting:
                    client.connect((host, int(port)))
                await until(lambda: server.counters["descriptors"] == CLIENTS)
                assert await call(known, b"during") == b"during"
            for client in waiting:
                client.settimeout(10)
                assert client.recv(1) == b"", "it was told at once"
                client.close()
            async with channel(server) as newcomer:
                assert await call(newcomer, b"after") == b"after"
    (entry,) = (log for log in logs if log["event"] == "listener.accept_failed")
    assert "ulimit" in entry["fix"]


def test_the_soft_limit_is_raised_as_far_as_it_has_to_be() -> None:
    """And as far as the hard one lets us; what is in force is told."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        assert descriptors_for(150) == 200
        assert descriptors_for(300) == 300
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


_UNDER_A_LOW_LIMIT = """
import resource
from adapter.app.descriptors import connections_within_descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, (100, {hard}))
print(connections_within_descriptors(1024))
"""


def allowed_connections(hard: int) -> tuple[str, str]:
    """How many of 1,024 connections a process with that hard limit takes, and what it logs."""
    program = _UNDER_A_LOW_LIMIT.format(hard=hard)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    *logged, number = done.stdout.splitlines()
    return number, "\n".join(logged) + done.stderr


def test_a_hard_limit_that_is_too_low_is_told_with_the_fix() -> None:
    """And gRPC takes so many connections fewer that the rest of the adapter can work."""
    number, logged = allowed_connections(256)
    assert number == "128"
    assert "descriptors.too_few" in logged
    assert "LimitNOFILE" in logged
    assert allowed_connections(2000) == ("1024", "")
