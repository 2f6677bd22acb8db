"""What all APIs of the environment share."""

from itertools import islice
from typing import Final

import structlog

from adapter.platform_client.sync.document_faults import DocumentFaults
from adapter.platform_client.sync.empty_list_guard import EmptyListGuard, Policies
from adapter.platform_client.sync.fetched import FetchedAutomated
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.outages import Outages
from adapter.platform_client.sync.poll_state import PollState
from adapter.runtime.backoff import Jitter
from adapter.runtime.clock import Clock, WallTime

_MOST_NAMES: Final = 20


class Environment:
    """The automated policies, which instances there are, and how the polls of both lists go."""

    def __init__(self, options: SyncOptions, clock: Clock, jitter: Jitter) -> None:
        self.automated: Policies | None = None
        """The last good automated policies; None before the first complete poll."""
        self.automated_revision: int | None = None
        """All changes to automated policies up to this number are in force."""
        self.instances_revision: int | None = None
        """All API instances that were made or deleted up to this number are known."""
        self.automated_poll = PollState(
            "automated_policies", "automated policies", options, clock, jitter
        )
        self.instances_poll = PollState("instances", "API instances", options, clock, jitter)
        self.instances_known = options.apis is not None
        """Whether all API instances that are to be enforced are tracked."""
        self.last_contact: WallTime | None = None
        """When the platform last gave a good answer since the start."""
        self.outages = Outages(clock)
        self.document_faults = DocumentFaults()
        self._mule_only: tuple[str, ...] = ()
        self._empty_guard = EmptyListGuard()

    @property
    def reached_platform(self) -> bool:
        """Whether the platform has given any good answer since the start."""
        return self.last_contact is not None

    @property
    def unconfirmed(self) -> bool:
        """Whether the automated policies became empty, which we believe the second time."""
        return self._empty_guard.pending

    def take_over_automated(self, fetched: FetchedAutomated) -> bool:
        """Make these the automated policies; return whether that changed them."""
        before = self.automated
        self.automated = self._empty_guard.settle(before or (), fetched.policies)
        if before and not self.automated:
            structlog.get_logger().warning("platform.automated_policies_all_removed")
        self._note_mule_only(fetched.mule_only)
        return self.automated != before

    def _note_mule_only(self, names: tuple[str, ...]) -> None:
        if names != self._mule_only:
            structlog.get_logger().info(
                "platform.automated_policies_for_mule_only",
                left_out=tuple(islice(names, _MOST_NAMES)),
            )
        self._mule_only = names
