"""Sends HTTP/2 requests as raw frames, also invalid ones."""

import asyncio
from dataclasses import dataclass, field

from hpack import Decoder, Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
_DEADLINE_S = 20

Fields = list[tuple[str, str]]


def frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Write a frame (RFC 9113, 4.1)."""
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream_id.to_bytes(4) + payload


def message(payload: bytes, flag: int = 0) -> bytes:
    """A gRPC message with its prefix, for DATA frames."""
    return bytes((flag,)) + len(payload).to_bytes(4) + payload


@dataclass
class Outcome:
    """How a request ended."""

    fields: dict[str, str] = field(default_factory=dict)
    """Headers and trailers together."""
    body: bytes = b""
    reset: int | None = None
    gone: bool = False
    """Whether the connection ended without an answer."""

    @property
    def status(self) -> str:
        """The gRPC status, the HTTP status, or another description of the failure."""
        if self.gone:
            return "gone"
        if "grpc-status" in self.fields:
            return f"grpc {self.fields['grpc-status']}"
        if self.reset:
            return "reset"
        return f"http {self.fields.get(':status')}"


async def request(address: str, fields: Fields, *body: bytes, ended: bool = True) -> Outcome:
    """Send these fields and DATA frames on a new connection. Returns the outcome."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    flags = END_HEADERS | (END_STREAM if ended and not body else 0)
    writer.write(PREFACE + frame(SETTINGS, 0, 0))
    writer.write(frame(HEADERS, flags, 1, Encoder().encode(fields)))
    for number, payload in enumerate(body, 1):
        last = ended and number == len(body)
        writer.write(frame(DATA, END_STREAM if last else 0, 1, payload))
    try:
        async with asyncio.timeout(_DEADLINE_S):
            return await _outcome(reader, writer)
    finally:
        writer.close()


async def _outcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Outcome:
    outcome, decoder = Outcome(), Decoder()
    try:
        while True:
            head = await reader.readexactly(9)
            payload = await reader.readexactly(int.from_bytes(head[:3]))
            kind, flags, stream_id = head[3], head[4], int.from_bytes(head[5:])
            if kind == SETTINGS and not flags & ACK:
                writer.write(frame(SETTINGS, ACK, 0))
            if stream_id != 1:
                continue
            if kind == HEADERS:
                outcome.fields |= {str(n): str(v) for n, v in decoder.decode(payload)}
            elif kind == DATA:
                outcome.body += payload
            elif kind == RST_STREAM:
                outcome.reset = int.from_bytes(payload)
                return outcome
            if kind in {HEADERS, DATA} and flags & END_STREAM:
                return outcome
    except (asyncio.IncompleteReadError, ConnectionError):
        outcome.gone = True
        return outcome
