# mypyc: compiled
"""Reads Envoy's access log entries."""

from typing import Final

from google.protobuf.message import DecodeError

from adapter.analytics.entry import fast_reader, protobuf_reader
from adapter.analytics.entry.entry import Entry
from adapter.runtime.compiled import COMPILED

_LARGEST_TO_PARSE: Final = 64 * 1024
"""The largest entry, in bytes, that the fast reader may leave to the protobuf reader. Parsing a
larger one could take more than 10 ms, and Checks would have to wait for it."""


class EntryReader:
    """Reads entries. Raises DecodeError for bytes that are not an entry.

    `try_fast_reader`: whether to try the fast reader first. It is faster only in a compiled build.
    """

    def __init__(self, *, try_fast_reader: bool = COMPILED) -> None:
        self._try_fast_reader = try_fast_reader

    def http(self, octets: bytes) -> Entry:
        """Read an entry of `http_logs`."""
        if self._try_fast_reader:
            entry = fast_reader.read_http(octets)
            if entry is not None:
                return entry
            _require_small(octets)
        return protobuf_reader.read_http(octets)

    def tcp(self, octets: bytes) -> Entry:
        """Read an entry of `tcp_logs`."""
        if self._try_fast_reader:
            entry = fast_reader.read_tcp(octets)
            if entry is not None:
                return entry
            _require_small(octets)
        return protobuf_reader.read_tcp(octets)


def _require_small(octets: bytes) -> None:
    if len(octets) > _LARGEST_TO_PARSE:
        raise DecodeError
