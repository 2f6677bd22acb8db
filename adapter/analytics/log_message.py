# mypyc: compiled
"""One message of an access log stream, read some fields at a time.

The protobuf library reads a message in one go, and Checks have to wait for it: a message of 8 MB
may hold four million entries, or as many fields that we don't know.
"""

from typing import Final

from mypy_extensions import i64

from adapter.messages.wire import field

_IDENTIFIER: Final = 0x0A
_HTTP_LOGS: Final = 0x12
_TCP_LOGS: Final = 0x1A
_LOG_ENTRY: Final = 0x0A
"""Tags (see `adapter.messages.wire`)."""

_LARGEST_ENTRY: Final = 128 * 1024
"""It holds a request's path and a few headers, which Envoy limits to 60 KB by default. One of
megabytes would take too long to read."""
_LARGEST_IDENTIFIER: Final = 256 * 1024


class LogMessage:
    """A StreamAccessLogsMessage, and how far it has been read.

    `broken` counts what cannot be read: an entry that is too large, and what no writer of protobuf
    writes, together with the rest of the message.
    """

    __slots__ = ("_at", "_end", "_octets", "_stop", "broken", "identifier", "tcp")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at: i64 = 0
        self._end: i64 = len(octets)
        self._stop: i64 = 0
        """Where the entries stop that are being read."""
        self.tcp = False
        """Whether the entries that were taken last are those of the TCP logger."""
        self.identifier = b""
        """Of the Envoy that wrote it, once it has been passed; empty if it is too large to look."""
        self.broken = 0

    @property
    def rest(self) -> int:
        """How many octets have not been read."""
        return self._end - self._at

    def take(self, fields: i64, octets: i64) -> list[bytes]:
        """The entries, all of one kind, among the next fields; ends also after so many octets."""
        entries: list[bytes] = []
        limit = self._at + octets
        while fields > 0 and self._at < self._end and self._at < limit:
            fields -= 1
            if self._at < self._stop:
                tag, start, stop = field(self._octets, self._at, self._stop)
                if tag == _LOG_ENTRY and stop - start > _LARGEST_ENTRY:
                    self.broken += 1
                elif tag == _LOG_ENTRY and stop:
                    entries.append(self._octets[start:stop])
                self._pass(stop)
            elif entries:
                break
            else:
                self._enter()
        return entries

    def _enter(self) -> None:
        """Read a field of the message itself: if it has entries, they come next."""
        tag, start, stop = field(self._octets, self._at, self._end)
        if stop and tag in (_HTTP_LOGS, _TCP_LOGS):
            self.tcp = tag == _TCP_LOGS
            self._at, self._stop = start, stop
            return
        if tag == _IDENTIFIER and stop - start <= _LARGEST_IDENTIFIER:
            self.identifier = self._octets[start:stop]
        self._pass(stop)

    def _pass(self, stop: i64) -> None:
        if not stop:
            self.broken += 1
            stop = self._end
        self._at = stop
