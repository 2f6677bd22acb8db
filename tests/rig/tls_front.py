"""TLS in front of a server on loopback that speaks plain TCP."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.rig.certificates import Identity


def server_tls(identity: Identity) -> ssl.SSLContext:
    """Shows this certificate; load another one into it for new connections."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.certificate, identity.key)
    return context


@asynccontextmanager
async def tls_in_front_of(
    plain_port: int, context: ssl.SSLContext, port: int = 0
) -> AsyncIterator[int]:
    """A port that speaks TLS and passes everything on to the plain port; by default a free one."""
    writers: set[asyncio.StreamWriter] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", plain_port)
        await asyncio.gather(
            carry(reader, inner_writer), carry(inner_reader, writer), return_exceptions=True
        )

    listener = await asyncio.start_server(relay, "127.0.0.1", port, ssl=context)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for writer in writers:
            writer.close()
        await listener.wait_closed()
