"""Streams access log entries at a steady rate, like an Envoy worker.

`python -m benchmarks.entries --address ADDRESS` sends until its standard input ends, and prints how
many entries it has sent. It is a separate process, so that it does not delay the measuring process.
"""

import argparse
import asyncio
import json
import random
import sys
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import grpc
import uvloop
from envoy.data.accesslog.v3 import accesslog_pb2 as log
from envoy.service.accesslog.v3 import als_pb2 as als

from adapter.analytics.access_log import METHOD_PATH
from adapter.authorization.decision_record import DecisionRecord
from benchmarks.processes import MeasuredProcess
from benchmarks.requests import TOKEN

_FILTER: Final = "envoy.filters.http.ext_authz"
_DIFFERENT_ENTRIES: Final = 20_000
_MESSAGE_BYTES: Final = 262_144
"""Envoy's buffer size in the configuration of `policy-adapter envoy-config`."""


class EntryProcess(MeasuredProcess):
    """The process of this module. On entering, it has started to send."""

    def __init__(self, address: str, rate: int, clients: int) -> None:
        arguments = (f"--address={address}", f"--rate={rate}", f"--clients={clients}")
        super().__init__((sys.executable, "-m", "benchmarks.entries", *arguments))

    async def finish(self) -> int:
        """Stop it, and return the number of sent entries."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        return int(json.loads(await self._process.stdout.readline())["sent"])


class EntryStream:
    """Streams entries until `stop`."""

    def __init__(self, messages: Sequence[tuple[int, bytes]], rate: int) -> None:
        self._messages = messages
        self._rate = rate
        self._stopped = False
        self.sent = 0

    def stop(self) -> None:
        """Stop sending."""
        self._stopped = True

    async def run(self, address: str) -> None:
        """Send until stopped."""
        async with grpc.aio.insecure_channel(address) as channel:
            call: Any = channel.stream_unary(METHOD_PATH)
            await call(self._paced(), metadata=(("x-adapter-token", TOKEN),))

    async def _paced(self) -> AsyncIterator[bytes]:
        began = time.monotonic()
        while not self._stopped:
            for entries, message in self._messages:
                await asyncio.sleep(self.sent / self._rate - (time.monotonic() - began))
                if self._stopped:
                    return
                self.sent += entries
                yield message


def _entry_messages(clients: int) -> list[tuple[int, bytes]]:
    """Messages of different entries, as many per message as Envoy sends, with their number."""
    choice = random.Random(1)  # noqa: S311 - chooses a load, not a secret
    messages = []
    message, size = als.StreamAccessLogsMessage(), 0
    for _ in range(_DIFFERENT_ENTRIES):
        entry = _entry(choice, clients)
        message.http_logs.log_entry.append(entry)
        size += entry.ByteSize()
        if size > _MESSAGE_BYTES:
            messages.append((len(message.http_logs.log_entry), message.SerializeToString()))
            message, size = als.StreamAccessLogsMessage(), 0
    return messages


def _entry(choice: random.Random, clients: int) -> log.HTTPAccessLogEntry:
    """The entry that Envoy 1.40 writes for an allowed request, with 580 bytes."""
    client = choice.randrange(clients)
    record = DecisionRecord(
        api_id="15597",
        api_name="orders",
        api_version="1.0.0",
        client_id=f"{client:032x}",
        client_name=f"Application {client}",
        contract_id=str(20_000_000 + client),
        sla_tier="gold",
        revision="1795387499190",
    )
    entry = log.HTTPAccessLogEntry()
    common = entry.common_properties
    common.downstream_remote_address.socket_address.address = f"10.1.2.{choice.randrange(256)}"
    common.downstream_remote_address.socket_address.port_value = choice.randrange(20_000, 60_000)
    common.downstream_direct_remote_address.socket_address.address = "127.0.0.1"
    common.start_time.FromNanoseconds(time.time_ns() - choice.randrange(10**9))
    common.duration.FromMicroseconds(choice.randrange(100_000))
    common.route_name = "api-15597"
    common.stream_id = str(uuid.UUID(int=choice.getrandbits(128), version=4))
    common.metadata.filter_metadata[_FILTER].update(record.to_metadata())
    common.metadata.filter_metadata[_FILTER]["ext_authz_duration"] = choice.randrange(1_000_000)
    common.access_log_type = log.AccessLogType.DownstreamEnd
    request, response = entry.request, entry.response
    request.request_method, request.scheme = 1, "http"
    request.authority, request.user_agent = "api.example.com:8080", "python-httpx/0.28.1"
    request.path = f"/orders/{choice.randrange(10**6)}?status=open"
    request.request_id = common.stream_id
    response.response_code.value = 200
    response.response_body_bytes = choice.randrange(10_000)
    response.response_code_details = "via_upstream"
    return entry


async def _send(given: argparse.Namespace) -> None:
    stream = EntryStream(_entry_messages(given.clients), given.rate)
    sending = asyncio.create_task(stream.run(given.address))
    print(json.dumps({"address": given.address}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    stream.stop()
    await sending
    print(json.dumps({"sent": stream.sent}), flush=True)


def main() -> None:
    """Parse the arguments, and send."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.entries", description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--rate", type=int, default=20_000, help="entries per second")
    parser.add_argument(
        "--clients", type=int, default=1_000, help="number of different clients in the entries"
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_send(parser.parse_args()))


if __name__ == "__main__":
    main()
