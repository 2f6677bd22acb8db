"""Known attacks on HTTP/2, sent over real sockets while another client makes calls."""

import pytest
from hpack import Encoder

from adapter.transport.caller_token import CallerToken
from adapter.transport.http2.limits import Limits
from adapter.transport.http2.server import AsyncioServer
from support.defaults import server_options
from tests.integration.transport.hostile import HELLO, call_fields, opened, until_closed
from tests.integration.transport.servers import ANSWER, COLLECT, Service
from tests.integration.transport.test_servers import call, channel
from tests.rig.adapters import Observed
from tests.rig.clock import FakeClock
from tests.rig.polling import until
from tests.rig.raw_http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    RST_STREAM,
    SETTINGS,
    frame,
    message,
)

PRIORITY, PING, WINDOW_UPDATE, UNKNOWN = 2, 6, 8, 66
TOKEN = ("x-adapter-token", "secret")
MANY = 3_000


def headers(stream_id: int, path: str = ANSWER, *, end_headers: bool = True) -> bytes:
    """HEADERS of a call with the token, by an encoder that uses no table."""
    block = Encoder().encode([(n, v) for n, v in call_fields(path, TOKEN)])
    return frame(HEADERS, END_HEADERS if end_headers else 0, stream_id, block)


def resets() -> bytes:
    """Calls that wait for their message, each called off."""
    ids = range(3, 2 * MANY + 3, 2)
    return b"".join(headers(i) + frame(RST_STREAM, 0, i, bytes(4)) for i in ids)


FLOODS = {
    "reset_flood": resets(),
    "ping_flood": frame(PING, 0, 0, bytes(8)) * MANY,
    "settings_flood": frame(SETTINGS, 0, 0, b"\0\4\0\1\0\0" * 100) * MANY,
    "field_block": headers(3, end_headers=False) + frame(CONTINUATION, 0, 3) * MANY,
    "control_flood": headers(3, COLLECT) + frame(DATA, 0, 3) * MANY,
    "control_flood of windows": frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1") * MANY,
    "control_flood of priorities": frame(PRIORITY, 0, 9, b"\0\0\0\1\0") * MANY,
    "control_flood of unknown frames": frame(UNKNOWN, 0, 0) * MANY,
    "protocol_error by the window": frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"),
    "protocol_error by a stream's number": headers(2),
}


@pytest.mark.parametrize("known", [True, False], ids=["known", "stranger"])
@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_ends_its_own_connection_only(flood: str, *, known: bool) -> None:
    """It is counted by kind, and other clients are still answered."""
    limits = Limits(max_resets=1_000)
    watching, how = Observed(), server_options(token=CallerToken("secret"), stop_s=0)
    server = AsyncioServer(Service().methods, how, watching, FakeClock(), limits=limits)
    await server.start()
    first = headers(1) + frame(DATA, 1, 1, message(b"hello")) if known else b""
    async with channel(server) as other:
        assert await call(other, b"before", metadata=(TOKEN,)) == b"before"
        client = await opened(server.addresses[0], HELLO + first + FLOODS[flood])
        assert await call(other, b"during", metadata=(TOKEN,)) == b"during"
        await until_closed(client)
        client[1].close()
        await until(lambda: server.counters[flood.partition(" ")[0]] == 1)
        assert await call(other, b"after", metadata=(TOKEN,)) == b"after"
    await server.drain_and_stop()
