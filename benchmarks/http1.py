"""Our own HTTP/1.1 client, for machines without `h2load`."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final, cast

from benchmarks.load import BenchmarkError, Sample

_DEADLINE_S: Final = 60.0


class OwnHttpLoad:
    """A `Load` that repeats one request, whose answers have no body."""

    def __init__(self, path: str, headers: Mapping[str, str]) -> None:
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self._request = "\r\n".join([*lines, "host: api.example.com", "", ""]).encode()

    async def run(self, address: str, requests: int, *, connections: int, streams: int) -> Sample:
        """See `Load.run`; `streams` must be 1."""
        assert streams == 1
        loop, (host, _, port) = asyncio.get_running_loop(), address.rpartition(":")
        clients = [_Client(self._request, requests // connections) for _ in range(connections)]
        started = time.perf_counter()
        waiting = iter(clients)
        for _ in clients:
            await loop.create_connection(lambda: next(waiting), host, int(port))
        async with asyncio.timeout(_DEADLINE_S):
            await asyncio.gather(*(client.done for client in clients))
        elapsed_s = time.perf_counter() - started
        latencies = sorted(latency * 1e6 for client in clients for latency in client.latencies_s)
        return Sample(elapsed_s, latencies)


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, requests: int) -> None:
        self._request = request
        self._requests = requests
        self._received = b""
        self._sent_at = 0.0
        self.latencies_s: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        self.latencies_s.append(time.perf_counter() - self._sent_at)
        status, self._received = self._received[9:12], b""
        if status != b"200":
            self._end(BenchmarkError(f"Envoy answered {status.decode()}"))
        elif len(self.latencies_s) == self._requests:
            self._end(None)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(BenchmarkError(f"Envoy closed the connection: {exc}"))

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)

    def _end(self, error: BenchmarkError | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
        self._transport.close()
