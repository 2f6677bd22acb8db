"""Compares the two readers of access log entries."""

from adapter.analytics.entry import fast_reader, protobuf_reader
from adapter.analytics.entry.entry import FINAL, Entry

READERS = [
    (fast_reader.read_http, protobuf_reader.read_http),
    (fast_reader.read_tcp, protobuf_reader.read_tcp),
]


def everything(entry: Entry) -> dict[str, object]:
    """All fields of an entry; only the type, if the entry is not final."""
    final = entry.access_log_type in FINAL
    names = [name for name in dir(Entry) if not name.startswith("_")]
    return {name: getattr(entry, name) for name in names if final or name == "access_log_type"}


def agree(octets: bytes) -> list[bool]:
    """Whether the fast reader reads it as HTTP, and as TCP; if so, both readers must agree."""
    accepted = []
    for read_fast, read_with_protobuf in READERS:
        entry = read_fast(octets)
        accepted.append(entry is not None)
        if entry is not None:
            assert everything(entry) == everything(read_with_protobuf(octets))
    return accepted
