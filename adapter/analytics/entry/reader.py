# mypyc: compiled
"""From Envoy's access log entries to what events tell."""

from typing import Final

from google.protobuf.message import DecodeError

from adapter.analytics.entry.entry import Entry
from adapter.analytics.entry.fast_reader import scan_http, scan_tcp
from adapter.analytics.entry.protobuf_reader import parse_http, parse_tcp
from adapter.runtime.compiled import COMPILED

_LARGEST_TO_PARSE: Final = 64 * 1024
"""Octets of an entry that is not as Envoys write it; to parse one of more could take 10 ms."""


class EntryReader:
    """Reads entries; DecodeError for octets that are none.

    `scanning`: whether to scan first, which pays where it is compiled.
    """

    def __init__(self, *, scanning: bool = COMPILED) -> None:
        self._scanning = scanning

    def http(self, octets: bytes) -> Entry:
        """An entry of `http_logs`."""
        if self._scanning:
            entry = scan_http(octets)
            if entry is not None:
                return entry
            _require_small(octets)
        return parse_http(octets)

    def tcp(self, octets: bytes) -> Entry:
        """An entry of `tcp_logs`."""
        if self._scanning:
            entry = scan_tcp(octets)
            if entry is not None:
                return entry
            _require_small(octets)
        return parse_tcp(octets)


def _require_small(octets: bytes) -> None:
    if len(octets) > _LARGEST_TO_PARSE:
        raise DecodeError
