"""Batches of events, and how much a spool holds."""

from dataclasses import dataclass, field
from typing import NamedTuple


class BatchLimit(NamedTuple):
    """When a batch is full: at that many events, or at that many bytes of JSON."""

    events: int
    bytes: int


class Backlog(NamedTuple):
    """How much a spool holds, including the batches that are being uploaded."""

    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The oldest events of a spool, taken out for an upload.

    It is out until it is acknowledged, requeued or quarantined.
    """

    batch_id: int
    events: tuple[bytes, ...] = field(repr=False)
