"""Counts what clients saw, and compares it with the events that the platform has stored."""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

from chaos.platform import StoredEvents

ALLOWED = 200


class Client(NamedTuple):
    """Who sends a request, and what must be the answer."""

    name: str
    status: int
    """The status of the right answer. Only 200 comes from the service."""
    headers: dict[str, str] = {}  # noqa: RUF012 - a tuple's default, which nobody changes
    address: str = "127.0.0.1"
    floods: bool = False
    """Whether it sends more than it should. It may be refused for that."""


class Row(NamedTuple):
    """One row of the table."""

    fault: str
    requests: int
    wrong_allows: int
    failed: int
    events_sent: int
    events_received: int
    events_doubled: int
    events_lost: int
    recovery_s: float | None
    """None: it has not recovered in time."""


@dataclass(slots=True)
class Account:
    """The requests during one fault. Each has a path of its own, by which its event is found."""

    clients: dict[str, Client] = field(default_factory=dict)
    """By the path of the request."""
    answered: set[str] = field(default_factory=set)
    """The paths that Envoy answered. Each must have one event."""
    wrong_allows: set[str] = field(default_factory=set)
    failed: int = 0
    last_failure: float = 0.0
    """By the monotonic clock."""

    def send(self, path: str, client: Client) -> None:
        """A client is about to send a request."""
        self.clients[path] = client

    def answer(self, path: str, status: int | None) -> None:
        """A request got this status; None if it got no answer."""
        client = self.clients[path]
        if status is not None:
            self.answered.add(path)
        if status == ALLOWED:
            self.reach(path)
        if status != client.status and not client.floods:
            self.failed += 1
            self.last_failure = time.monotonic()

    def reach(self, path: str) -> None:
        """A request has reached the service, whatever its client saw."""
        client = self.clients.get(path)
        if client is not None and client.status != ALLOWED:
            self.wrong_allows.add(path)

    def lost(self, events: StoredEvents) -> int:
        """How many requests have no event."""
        return sum(path not in events.by_path for path in self.answered)

    def doubled(self, events: StoredEvents) -> int:
        """How many events too many there are."""
        stored = [events.by_path.get(path, []) for path in self.clients]
        return sum(len(transactions) - len(set(transactions)) for transactions in stored)

    def row(self, fault: str, events: StoredEvents, recovery_s: float | None) -> Row:
        """The figures for the table."""
        lost = self.lost(events)
        return Row(
            fault,
            requests=len(self.clients),
            wrong_allows=len(self.wrong_allows),
            failed=self.failed,
            events_sent=len(self.answered),
            events_received=len(self.answered) - lost,
            events_doubled=self.doubled(events),
            events_lost=lost,
            recovery_s=recovery_s,
        )
