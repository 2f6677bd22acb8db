"""What only the asyncio transport has: limits that are counted, and its own listeners."""

import asyncio
import socket
from pathlib import Path

import pytest

from adapter.errors import ConfigurationError
from adapter.transport.http2.limits import Limits
from adapter.transport.http2.server import AsyncioServer
from support.defaults import server_options
from tests.integration.transport.servers import Service
from tests.rig.adapters import Observed
from tests.rig.clock import FakeClock
from tests.rig.polling import until


def server(clock: FakeClock, *addresses: str, limits: Limits | None = None) -> AsyncioServer:
    """One that is not started yet."""
    options = server_options(*addresses, stop_s=0, stream_end_s=1.5)
    return AsyncioServer(Service().methods, options, Observed(), clock, limits=limits)


async def test_limits_of_a_running_server() -> None:
    """Connections are swept as time passes, and what was ended is counted by kind."""
    clock = FakeClock()
    limited = server(clock, "127.0.0.1:0", limits=Limits(max_connections=1, sweep_s=10))
    await limited.start()
    host, _, port = limited.addresses[0].rpartition(":")
    first, first_writer = await asyncio.open_connection(host, int(port))
    await first.readexactly(9)
    second, second_writer = await asyncio.open_connection(host, int(port))
    await second.readexactly(9)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await first.readexactly(100)
    assert (limited.counters["connections"], limited.connections) == (1, 1)
    await clock.advance(20)
    await until(lambda: limited.connections == 0)
    assert limited.counters["slow_preface"] == 1
    first_writer.close()
    second_writer.close()
    await limited.drain_and_stop()


async def test_a_start_that_fails(tmp_path: Path) -> None:
    """Where one of its addresses cannot be had, a server leaves none of the others taken."""
    path = tmp_path / "adapter.sock"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=address):
            await server(FakeClock(), f"unix:{path}", address).start()
    assert not path.exists()


async def test_a_path_that_another_process_has_taken(tmp_path: Path) -> None:
    """At its end a server removes its own socket file only."""
    path = tmp_path / "adapter.sock"
    leaving = server(FakeClock(), f"unix:{path}")
    await leaving.start()
    path.unlink()
    with socket.socket(socket.AF_UNIX) as successor:
        successor.bind(str(path))
        await leaving.drain_and_stop()
        assert path.exists()


@pytest.mark.parametrize("address", ["127.0.0.1:port", "nowhere.invalid:1", "127.0.0.1:70000"])
async def test_addresses_that_are_none(address: str) -> None:
    """They are the operator's error, named."""
    with pytest.raises(ConfigurationError, match=address):
        await server(FakeClock(), address).start()
