"""Connections to a server, a Sentinel set-up or a cluster, by redis-py.

redis-py's own retries are off, because a command must not be sent twice: a charge is idempotent
only if its Check has an id.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisClusterException, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from adapter.errors import ConfigurationError
from adapter.quota.redis.in_use import InUse
from adapter.quota.redis.url import RedisUrl
from adapter.runtime.system_errors import system_words

FAILURES: Final = (RedisError, RedisClusterException, OSError, TimeoutError)
"""The exceptions of a failed round trip."""

Command: TypeAlias = tuple[str | bytes | int, ...]
Reply: TypeAlias = Any
"""The answer to a command, or the exception that belongs to this command only."""


@dataclass(frozen=True, slots=True)
class RedisOptions:
    """How to connect to a shared store."""

    connections: int
    """Connections used at once (to each node of a cluster)."""
    ca_file: str | None
    """PEM file of CAs that the server's certificate is checked against; None: the system's."""
    certificate_file: str | None
    """PEM file of our certificate, for a server that asks for one."""
    key_file: str | None
    """PEM file of its key."""
    sentinel_username: str | None
    sentinel_password: str | None = field(repr=False)
    io_timeout_s: float = 1.0
    """Longest wait for a connection or a reply. A connection that takes longer is closed."""


class RedisClient(Protocol):
    """Sends pipelines; raises any of `FAILURES`."""

    async def run(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """Send all commands together and return one reply for each."""

    async def connect(self) -> None:
        """Open all connections, or fail."""

    async def aclose(self) -> None:
        """Close all connections."""


def lacks_script(reply: Reply) -> bool:
    """Whether the server does not know the script yet."""
    return isinstance(reply, NoScriptError)


def open_client(url: RedisUrl, options: RedisOptions) -> RedisClient:
    """A client that connects when it is first used.

    Raises ConfigurationError if a certificate file cannot be used.
    """
    arguments = _arguments(url, options)
    if url.topology == "cluster":
        return _ClusterClient(url, options.connections, arguments)
    if url.topology == "server":
        host, port = url.nodes[0]
        return _ServerClient(
            Redis(host=host, port=port, db=url.database, **arguments), options.connections
        )
    own = {"username": options.sentinel_username, "password": options.sentinel_password}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        url.nodes, sentinel_kwargs=arguments | own, **arguments
    )
    master = sentinel.master_for(url.service, db=url.database)
    return _ServerClient(master, options.connections, sentinel)


def _arguments(url: RedisUrl, options: RedisOptions) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "username": url.username,
        "password": url.password,
        "socket_timeout": options.io_timeout_s,
        "socket_connect_timeout": options.io_timeout_s,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
    }
    if url.tls:
        _verify_certificates(options)
        arguments |= {
            "ssl": True,
            "ssl_cert_reqs": "required",
            "ssl_check_hostname": True,
            "ssl_ca_certs": options.ca_file,
            "ssl_certfile": options.certificate_file,
            "ssl_keyfile": options.key_file,
        }
    return arguments


def _verify_certificates(options: RedisOptions) -> None:
    """Fail at the start, because redis-py reads the files only when it connects."""
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
        if options.certificate_file is not None:
            context.load_cert_chain(options.certificate_file, options.key_file)
    except OSError as e:
        raise ConfigurationError(
            f"quota.ca_file, certificate_file or key_file cannot be used: {system_words(e)}"
        ) from e


class _ServerClient:
    """A client of one server, or of the server that Sentinels name."""

    def __init__(self, redis: Redis, connections: int, sentinel: Sentinel | None = None) -> None:
        self._redis = redis
        self._connections = connections
        self._sentinel = sentinel

    async def run(self, commands: Sequence[Command]) -> Sequence[Reply]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        replies: Sequence[Reply] = await pipeline.execute(raise_on_error=False)
        return replies

    async def connect(self) -> None:
        await _all([self._redis.ping() for _ in range(self._connections)])

    async def aclose(self) -> None:
        await self._redis.aclose()
        for sentinel in self._sentinel.sentinels if self._sentinel is not None else ():
            await sentinel.aclose()


class _ClusterClient:
    """A client of a cluster. After the loss of a node it asks the others again who has which slots.

    It does that with a new redis-py client. redis-py itself would close and open the same client,
    which leaks the connections that other round trips use at that moment.
    """

    def __init__(self, url: RedisUrl, connections: int, arguments: dict[str, Any]) -> None:
        self._nodes = url.nodes
        self._connections = connections
        self._arguments = arguments
        self._current = self._fresh()

    async def run(self, commands: Sequence[Command]) -> Sequence[Reply]:
        used = self._current
        used.round_trips += 1
        pipeline = used.client.pipeline()
        for command in commands:
            pipeline.execute_command(*command)
        try:
            replies = await pipeline.execute(raise_on_error=False)
        except BaseException:
            await self._replace(used)
            raise
        finally:
            used.round_trips -= 1
        if any(isinstance(reply, RedisConnectionError | RedisTimeoutError) for reply in replies):
            await self._replace(used)
        if used is not self._current:
            await used.close_unless_in_use()
        return replies

    async def connect(self) -> None:
        await self._replace(self._current)
        redis = self._current.client
        await redis.initialize()
        each = range(self._connections)
        await _all([n.execute_command("PING") for n in redis.get_primaries() for _ in each])

    async def aclose(self) -> None:
        await self._current.client.aclose()

    def _fresh(self) -> InUse[RedisCluster]:
        nodes = [ClusterNode(host, port) for host, port in self._nodes]
        return InUse(RedisCluster(startup_nodes=nodes, **self._arguments))

    async def _replace(self, used: InUse[RedisCluster]) -> None:
        if used is self._current:
            self._current = self._fresh()
        await used.close_unless_in_use()


async def _all(pings: Sequence[Any]) -> None:
    """Wait for all of them, so that none is left running, then raise the first failure."""
    for outcome in await asyncio.gather(*pings, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
