"""One API instance, kept in step with the platform."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple

import structlog

from adapter.errors import PlatformError, PlatformNotFoundError, PlatformRejectedError
from adapter.platform_client.options import PlatformOptions
from adapter.platform_client.protocol.applied_policies import policies_from
from adapter.platform_client.protocol.contract_feed import FeedPass
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.protocol.translate import (
    UNKNOWN_HASH,
    ContractChange,
    contract_changes,
    instance_from,
    tiers_from,
)
from adapter.platform_client.sync.document_faults import DocumentFaults
from adapter.platform_client.sync.empty_list_guard import EmptyListGuard, Policies
from adapter.platform_client.sync.interval import Interval
from adapter.platform_client.sync.observer import SyncObserver
from adapter.policy.catalog import ApiContent, ApiInstance, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.runtime.clock import Clock, WallTime

_OVERLAP_S: Final = 60
"""How far `if-modified-since` reaches back behind the server's last answer."""
_ROWS_AT_ONCE: Final = 100
"""Rows translated between two chances for Checks to run: a millisecond or two."""

Origin = Literal["platform", "disk"]


class PollResult(NamedTuple):
    """How a poll went; with an error something may have changed all the same."""

    changed: bool
    error: PlatformError | None = None


class _Policies(NamedTuple):
    policies: Policies
    server_time: WallTime | None
    unconditional: bool


class ApiSync:
    """The last good state of one API, and what it takes to renew it.

    A poll fetches all that is due and only then takes it over, so that what is published is always
    something that the platform said as a whole. There is one exception, and it narrows: where the
    contract feed was read completely and another part failed, the revocations in it apply.
    """

    def __init__(
        self,
        instance: ApiInstance,
        client: PlatformClient,
        options: PlatformOptions,
        clock: Clock,
        observer: SyncObserver,
        *,
        content: ApiContent | None = None,
    ) -> None:
        self.instance = instance
        self.content = content
        """The last good state, without automated policies; None before the first complete poll."""
        self.origin: Origin | None = None if content is None else "disk"
        self.gone = False
        """Whether the platform said twice that it does not know this API."""
        self.listed = False
        """Whether the environment's list has it; else it is asked for by itself."""
        self.complaints = DocumentFaults(api_id=instance.api_id)
        self._client = client
        self._options = options
        self._observer = observer
        self._cursor: str | None = None
        self._server_time: WallTime | None = None
        self._missing = False
        self._empty_guard = EmptyListGuard()
        self._all_policies = Interval(options.full_policy_interval_s, clock)
        self._whole_feed = Interval(options.full_contract_interval_s, clock)
        self._tiers = Interval(options.tier_interval_s, clock)
        self._instance = Interval(options.instance_interval_s, clock)

    @property
    def api_id(self) -> str:
        """The instance's id."""
        return self.instance.api_id

    @property
    def unconfirmed(self) -> bool:
        """Whether the platform said something that is believed only when it says it again."""
        return (self._missing and not self.gone) or self._empty_guard.pending

    def mark_listed(self, instance: ApiInstance) -> bool:
        """The environment's list has it, like this; return whether that changed its description."""
        self.listed = True
        changed = instance != self.instance
        self.instance = instance
        if changed and self.content is not None:
            self.content = replace(self.content, instance=instance)
        return changed

    def mark_unlisted(self) -> None:
        """The environment's list lacks it: the next poll asks for it by itself."""
        if self.listed:
            self.listed = False
            self._instance.expire()

    async def poll(self) -> PollResult:
        """Fetch what is due, and take it over if all of it came."""
        feed: FeedPass | None = None
        try:
            feed = await self._read_feed()
            instance = await self._fetch_instance()
            fetched = await self._fetch_policies()
            tiers = await self._fetch_tiers(feed)
            await self._client.turns.wait()
        except PlatformNotFoundError as e:
            closed = self._note_missing()
            return PollResult(self._revoke(feed) or closed, e)
        except PlatformError as e:
            return PollResult(self._revoke(feed), e)
        return PollResult(self._take_over(feed, instance, fetched, tiers))

    # Fetching: changes nothing that is published.

    async def _read_feed(self) -> FeedPass:
        if self._cursor is None or self._whole_feed.due or self.unconfirmed:
            return await self._follow(None)
        try:
            return await self._follow(self._cursor)
        except (PlatformRejectedError, PlatformNotFoundError) as e:
            log = structlog.get_logger()
            log.info("platform.contract_feed_restarted", api_id=self.api_id, error=str(e))
            self._cursor = None
            # The platform may have been restored from a copy: nothing is known to be unchanged.
            for interval in (self._all_policies, self._tiers, self._instance):
                interval.expire()
            return await self._follow(None)

    async def _follow(self, cursor: str | None) -> FeedPass:
        beginning = self._client.contracts_url(self.api_id)
        feed = FeedPass(beginning, cursor, self._options.max_pages)
        complaints: list[str] = []
        while not feed.complete:
            await self._follow_one_page(feed, complaints)
        if feed.whole or complaints:
            self.complaints.replace("contracts", complaints)
        if complaints and not feed.whole:
            # What cannot be read may be a revocation; a contract that the whole feed lacks is gone.
            self._whole_feed.expire()
        return feed

    async def _follow_one_page(self, feed: FeedPass, complaints: list[str]) -> None:
        # By itself, so that nothing holds on to the page while the next one waits for its request.
        async with self._client.contract_page(feed.url) as page:
            changes = await self._translate(page.data, complaints)
            feed.take(changes, empty=not page.data, next_url=page.links.next)

    async def _translate(self, rows: list[Any], complaints: list[str]) -> list[ContractChange]:
        known = self._contracts
        form = self._options.secret_form
        changes: list[ContractChange] = []
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[start : start + _ROWS_AT_ONCE]
            await self._client.turns.wait()
            changes += contract_changes(some, known, form, complaints.append)
        return changes

    async def _fetch_instance(self) -> ApiInstance | None:
        if self.listed or not (self._instance.due or self._missing):
            return None
        return instance_from(await self._client.instance(self.api_id))

    async def _fetch_policies(self) -> _Policies:
        since: WallTime | None = None
        may_skip = self.content is not None and not self._all_policies.due and not self.unconfirmed
        if may_skip and self._server_time is not None:
            since = WallTime(self._server_time - _OVERLAP_S)
        answer = await self._client.policies(self.api_id, since)
        policies = self._policies if answer.rows is None else policies_from(answer.rows)
        return _Policies(policies, answer.server_time, unconditional=since is None)

    async def _fetch_tiers(self, feed: FeedPass) -> Mapping[str, SlaTier] | None:
        known = self.content.tiers if self.content is not None else {}
        named = {c.tier_id for c in feed.changes.values() if c is not None and c.tier_id}
        if not self._tiers.due and named <= known.keys():
            return None
        complaints: list[str] = []
        tiers = tiers_from(await self._client.tiers(self.api_id), complaints.append)
        self.complaints.replace("tiers", complaints)
        return tiers

    # Taking over: no await, so that nobody sees half of it.

    def _take_over(
        self,
        feed: FeedPass,
        instance: ApiInstance | None,
        fetched: _Policies,
        tiers: Mapping[str, SlaTier] | None,
    ) -> bool:
        before = self.content
        self.instance = instance or self.instance
        known_tiers = before.tiers if before is not None else {}
        self.content = ApiContent(
            instance=self.instance,
            policies=self._settled(fetched.policies),
            tiers=known_tiers if tiers is None else tiers,
            contracts=feed.applied_to(self._contracts),
        )
        self._cursor = feed.cursor
        self._server_time = fetched.server_time
        self._note_done(instance is not None, fetched.unconditional, tiers is not None, feed.whole)
        self._count_secret_forms(feed)
        self.gone = self._missing = False
        self.origin = "platform"
        return self.content != before

    def _settled(self, fetched: Policies) -> Policies:
        policies = self._empty_guard.settle(self._policies, fetched)
        if self._policies and not policies:
            structlog.get_logger().warning("platform.policies_all_removed", api_id=self.api_id)
        return policies

    def _note_done(self, instance: bool, all_policies: bool, tiers: bool, whole_feed: bool) -> None:
        done = (
            (self._instance, instance),
            (self._all_policies, all_policies),
            (self._tiers, tiers),
            (self._whole_feed, whole_feed),
        )
        for interval, is_done in done:
            if is_done:
                interval.done()

    def _count_secret_forms(self, feed: FeedPass) -> None:
        changed = (c for c in feed.changes.values() if c is not None)
        unknown = sum(1 for contract in changed if contract.fault == UNKNOWN_HASH)
        if unknown:
            self._observer.secret_forms_unknown(unknown)

    def _revoke(self, feed: FeedPass | None) -> bool:
        if feed is None or self.content is None:
            return False
        kept = feed.revocations_applied_to(self.content.contracts)
        changed = kept is not self.content.contracts
        self.content = replace(self.content, contracts=kept)
        return changed

    def _note_missing(self) -> bool:
        """Believe on the second word that the API is gone; return whether that is news."""
        if not self._missing or self.gone:
            self._missing = True
            return False
        self.gone = True
        self.content = None
        self._cursor = None
        self._server_time = None
        structlog.get_logger().error("platform.api_gone", api_id=self.api_id)
        return True

    @property
    def _policies(self) -> Policies:
        return self.content.policies if self.content is not None else ()

    @property
    def _contracts(self) -> Mapping[str, Contract]:
        return self.content.contracts if self.content is not None else {}
