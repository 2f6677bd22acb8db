"""What all connections of a server share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.transport.caller_token import CallerToken
from adapter.transport.failures import FailureReport
from adapter.transport.http2.calls import Route
from adapter.transport.http2.guests import Guests
from adapter.transport.http2.huffman import HuffmanDecoder
from adapter.transport.http2.limits import REFUSALS, Counters, HeldOctets, Limits, no_counts
from adapter.transport.observer import TransportObserver


@dataclass(slots=True, eq=False)
class Shared:
    """The routes, token, limits, connections and counters of a server."""

    routes: Mapping[str, Route]
    token: CallerToken
    limits: Limits
    failures: FailureReport
    observer: TransportObserver
    strangers_limits: Limits = field(init=False)
    guests: Guests = field(init=False)
    held: HeldOctets = field(init=False)
    counters: Counters = field(default_factory=no_counts)
    huffman: HuffmanDecoder = field(default_factory=HuffmanDecoder)

    def __post_init__(self) -> None:
        """Create the parts that depend on the limits."""
        self.strangers_limits = self.limits.for_strangers()
        self.guests = Guests(self.limits.max_connections, self.counters)
        self.held = HeldOctets(self.limits.max_held_bytes)

    def count(self, kind: str, peer: str, detail: str = "") -> None:
        """Count a violation, and tell the observer if a client does not get in because of it."""
        self.counters[kind] += 1
        if kind in REFUSALS:
            self.observer.caller_refused(kind, peer, detail)
