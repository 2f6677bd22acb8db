# mypyc: compiled
"""A message of an access log stream, which can be read a few fields at a time.

The protobuf library reads a whole message in one step, and Checks have to wait meanwhile. A message
of 8 MB may hold four million empty entries, or as many unknown fields.
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
"""A larger entry is counted as broken, because reading it would take too long. An entry contains a
request's path and a few headers, which Envoy limits to 60 KB by default."""
_LARGEST_IDENTIFIER: Final = 256 * 1024


class LogMessage:
    """A StreamAccessLogsMessage, and how far it has been read."""

    __slots__ = ("_at", "_end", "_octets", "_stop", "broken", "identifier", "tcp")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at: i64 = 0
        self._end: i64 = len(octets)
        self._stop: i64 = 0
        """Where the group of entries that is being read stops."""
        self.tcp = False
        """Whether the entries that were taken last are from `tcp_logs`."""
        self.identifier = b""
        """The identifier of the Envoy that wrote the message. It is empty until it was reached, and
        if it is too large."""
        self.broken = 0
        """How many parts could not be read: entries that are too large, and bytes that are not
        protobuf, together with the rest of the message."""

    @property
    def rest(self) -> int:
        """How many bytes have not been read."""
        return self._end - self._at

    def take(self, fields: i64, octets: i64) -> list[bytes]:
        """Read the next fields, and return the entries among them, which are all of one kind.

        It stops after `fields` fields, or in the field that reaches `octets` bytes.
        """
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
        """Read a field of the message itself. If it is a group of entries, they are read next."""
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
