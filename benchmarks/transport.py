"""Runs only a transport, which allows every Check with the same bytes, like the peers.

`python -m benchmarks.transport asyncio unix:/path` prints its address as JSON, and serves until its
standard input ends.
"""

import argparse
import asyncio
import json
import sys
from typing import Final

import uvloop

from adapter.ext_authz.service import CHECK
from adapter.messages.check_pb2 import CheckResponse, OkHttpResponse
from adapter.runtime.clock import SystemClock
from adapter.transport.grpcio_server import GrpcioServer
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.observer import TransportObserver
from adapter.transport.service import Metadata, UnaryMethod
from support.defaults import server_options

_SERVERS: Final = {"asyncio": AsyncioServer, "grpcio": GrpcioServer}
_ALLOWED: Final = CheckResponse(ok_response=OkHttpResponse()).SerializeToString()


class FailingLoudly(TransportObserver):
    """Prints each failed call, because it spoils the measurement."""

    def call_failed(self, path: str, code: int) -> None:
        """See `TransportObserver`."""
        print(f"{path} failed with {code}", file=sys.stderr)


def allow(message: bytes, metadata: Metadata) -> bytes:  # noqa: ARG001 - the method's signature
    """Allow every Check."""
    return _ALLOWED


async def serve(transport: str, address: str) -> None:
    """Serve until standard input ends."""
    options = server_options(address)
    method = UnaryMethod(CHECK, allow)
    server = _SERVERS[transport]((method,), options, FailingLoudly(), SystemClock())
    await server.start()
    await server.set_serving(True)
    print(json.dumps({"address": server.addresses[0]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.drain_and_stop()


def main() -> None:
    """Parse the arguments, and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transport", description=__doc__)
    parser.add_argument("transport", choices=list(_SERVERS))
    parser.add_argument("address")
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(given.transport, given.address))


if __name__ == "__main__":
    main()
