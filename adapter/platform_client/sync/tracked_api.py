"""The state of one API, all in one place."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from adapter.errors import PlatformNotFoundError
from adapter.platform_client.protocol.contract_feed import FeedPass
from adapter.platform_client.sync.api_state import ApiState, Origin
from adapter.platform_client.sync.document_faults import DocumentFaults
from adapter.platform_client.sync.empty_list_guard import EmptyListGuard, Policies
from adapter.platform_client.sync.fetched import FailedFetch, FetchedApi
from adapter.platform_client.sync.interval import Interval
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.poll_state import PollState
from adapter.platform_client.sync.revisions import Revisions
from adapter.policy.catalog import ApiContent, ApiInstance, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.runtime.backoff import Jitter
from adapter.runtime.clock import Clock, WallTime

_OVERLAP_S: Final = 60
"""How far `if-modified-since` reaches back before the server's last answer."""


class TrackedApi:
    """Everything that the sync knows about one API.

    `fetch` asks what is due, and `take_over` makes a complete poll the new state, so that what is
    published is always something that the platform said as a whole. There is one exception, and it
    only takes rights away: if the contract feed was read to its end and another part failed, the
    revocations in the feed apply.

    No method awaits, so no other task sees a change that is half done.
    """

    def __init__(
        self,
        instance: ApiInstance,
        options: SyncOptions,
        clock: Clock,
        jitter: Jitter,
        *,
        content: ApiContent | None = None,
        confirmed_at: WallTime | None = None,
    ) -> None:
        api_id = instance.api_id
        self.instance = instance
        self.content = content
        """The last good state, without automated policies; None before the first complete poll."""
        self.origin: Origin | None = None if content is None else "disk"
        self.gone = False
        """Whether the platform said twice in a row that it does not know this API."""
        self.listed = False
        """Whether the environment's list has it. If not, polls ask for the instance itself."""
        self.poll_state = PollState(
            "api", f"API {api_id}", options, clock, jitter, confirmed_at=confirmed_at
        )
        self.document_faults = DocumentFaults(api_id=api_id)
        self.revisions = Revisions()
        self._cursor: str | None = None
        self._server_time: WallTime | None = None
        self._missing = False
        self._empty_guard = EmptyListGuard()
        self._full_policies = Interval(options.full_policy_interval_s, clock)
        self._full_feed = Interval(options.full_contract_interval_s, clock)
        self._tiers = Interval(options.tier_interval_s, clock)
        self._instance = Interval(options.instance_interval_s, clock)

    @property
    def api_id(self) -> str:
        """The instance's id."""
        return self.instance.api_id

    @property
    def policies(self) -> Policies:
        """Its own policies, without the automated ones."""
        return self.content.policies if self.content is not None else ()

    @property
    def tiers(self) -> Mapping[str, SlaTier]:
        """Its SLA tiers by id."""
        return self.content.tiers if self.content is not None else {}

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """Its contracts by id."""
        return self.content.contracts if self.content is not None else {}

    # What the next poll has to ask.

    @property
    def unconfirmed(self) -> bool:
        """Whether the platform said something that we believe only when it says it again."""
        return (self._missing and not self.gone) or self._empty_guard.pending

    @property
    def due_cursor(self) -> str | None:
        """Where the contract feed goes on; None if it has to be read from its beginning."""
        return None if self._full_feed.due or self.unconfirmed else self._cursor

    @property
    def instance_due(self) -> bool:
        """Whether to ask for the instance itself."""
        return not self.listed and (self._instance.due or self._missing)

    @property
    def policies_known_at(self) -> WallTime | None:
        """The time for `if-modified-since`; None if the policies have to be fetched in full."""
        if self.content is None or self._server_time is None:
            return None
        if self._full_policies.due or self.unconfirmed:
            return None
        return WallTime(self._server_time - _OVERLAP_S)

    def tiers_due(self, feed: FeedPass) -> bool:
        """Whether to fetch the tiers: regularly, and when a contract names an unknown one."""
        named = {c.tier_id for c in feed.changes.values() if c is not None and c.tier_id}
        return self._tiers.due or not named <= self.tiers.keys()

    def expire_all(self) -> None:
        """Make everything due: the platform, which rejected our cursor, may have lost changes."""
        self._cursor = None
        for interval in (self._full_policies, self._tiers, self._instance):
            interval.expire()

    # What the environment's list says.

    def mark_listed(self, instance: ApiInstance) -> bool:
        """Note that the list has it, described like this; return whether the description is new."""
        self.listed = True
        changed = instance != self.instance
        self.instance = instance
        if changed and self.content is not None:
            self.content = replace(self.content, instance=instance)
        return changed

    def mark_unlisted(self) -> None:
        """Note that the list lacks it: the next poll asks for the instance itself."""
        if self.listed:
            self.listed = False
            self._instance.expire()

    # What a poll brought.

    def take_over(self, fetched: FetchedApi) -> bool:
        """Make a complete poll the new state; return whether the content changed."""
        before = self.content
        feed, instance, policies, tiers = fetched
        self.instance = instance or self.instance
        self.content = ApiContent(
            instance=self.instance,
            policies=self._believed(policies.policies),
            tiers=self.tiers if tiers is None else tiers.tiers,
            contracts=feed.applied_to(self.contracts),
        )
        self._cursor = feed.cursor
        self._server_time = policies.server_time
        self._note_faults(feed)
        if tiers is not None:
            self.document_faults.replace("tiers", tiers.faults)
        self._note_done(fetched)
        self.revisions = self.revisions.after(fetched, believed=not self._empty_guard.pending)
        self.gone = self._missing = False
        self.origin = "platform"
        return self.content != before

    def take_failure(self, failed: FailedFetch) -> bool:
        """Note that a poll failed; return whether that changed what must be in force.

        It does if the feed has revocations, or if the platform says again that the API is gone.
        """
        if failed.feed is not None:
            self._note_faults(failed.feed)
        closed = isinstance(failed.error, PlatformNotFoundError) and self._note_missing()
        return closed or self._revoke(failed.feed)

    # What workers tell each other.

    @property
    def state(self) -> ApiState:
        """What the other workers need to know."""
        return ApiState(
            self.instance,
            self.content,
            self.origin,
            self.gone,
            self.poll_state.confirmed_at,
            self.poll_state.last_error,
            self.revisions,
            self.document_faults.current,
        )

    def take_state(self, state: ApiState) -> bool:
        """Take over what the syncing worker knows; return whether that changes what is in force.

        If that worker was restarted and lacks the content, the content here stays.
        """
        before = self._enforced
        self.instance, self.origin, self.gone = state.instance, state.origin, state.gone
        if state.content is not None or state.gone:
            self.content = state.content
        self.poll_state.confirmed_at = state.confirmed_at
        self.poll_state.last_error = state.last_error
        self.revisions = state.revisions
        self.document_faults.replace("relayed", state.document_faults)
        return self._enforced != before

    @property
    def _enforced(self) -> object:
        """What the snapshot depends on: without content, it shows the error."""
        return self.content, self.gone, self.content is None and self.poll_state.last_error

    def _believed(self, fetched: Policies | None) -> Policies:
        if fetched is None:
            fetched = self.policies
        believed = self._empty_guard.settle(self.policies, fetched)
        if self.policies and not believed:
            structlog.get_logger().warning("platform.policies_all_removed", api_id=self.api_id)
        return believed

    def _note_faults(self, feed: FeedPass) -> None:
        if feed.whole or feed.faults:
            self.document_faults.replace("contracts", feed.faults)
        if feed.faults and not feed.whole:
            # A row that cannot be read may be a revocation. The whole feed shows what is left.
            self._full_feed.expire()

    def _note_done(self, fetched: FetchedApi) -> None:
        done = (
            (self._instance, fetched.instance is not None),
            (self._full_policies, fetched.policies.unconditional),
            (self._tiers, fetched.tiers is not None),
            (self._full_feed, fetched.feed.whole),
        )
        for interval, is_done in done:
            if is_done:
                interval.done()

    def _revoke(self, feed: FeedPass | None) -> bool:
        if feed is None or self.content is None:
            return False
        kept = feed.revocations_applied_to(self.content.contracts)
        changed = kept is not self.content.contracts
        self.content = replace(self.content, contracts=kept)
        return changed

    def _note_missing(self) -> bool:
        """Believe that the API is gone when it is said twice; return whether that is new."""
        if not self._missing or self.gone:
            self._missing = True
            return False
        self.gone = True
        self.content = None
        self._cursor = None
        self._server_time = None
        self.revisions = Revisions()
        structlog.get_logger().error("platform.api_gone", api_id=self.api_id)
        return True
