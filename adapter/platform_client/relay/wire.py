"""Frames on the relay's socket: the length in four bytes, and then JSON.

The receiver sends one empty frame for each question. An answer is some frames, of which only the
last one has the kind `end`.
"""

import asyncio
import json
import struct
from typing import Any, Final

_LENGTH: Final = struct.Struct(">I")

QUESTION: Final = _LENGTH.pack(0)


def frame(*content: Any) -> bytes:
    """A frame with this content, which begins with its kind."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


async def read_question(reader: asyncio.StreamReader) -> None:
    """Wait for a question. Raises IncompleteReadError at the end of the connection."""
    await reader.readexactly(_LENGTH.size)


async def read_frame(reader: asyncio.StreamReader) -> list[Any]:
    """The content of the next frame. Raises IncompleteReadError at the end of the connection."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    content: list[Any] = json.loads(await reader.readexactly(length))
    return content
