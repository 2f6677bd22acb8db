"""Fetches from the platform what is due, and translates it."""

from typing import Any, Final

import structlog

from adapter.errors import PlatformError, PlatformNotFoundError, PlatformRejectedError
from adapter.platform_client.protocol.applied_policies import (
    automated_policies_from,
    policies_from,
)
from adapter.platform_client.protocol.contract_feed import FeedPass
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.protocol.translate import (
    ContractChange,
    contract_changes,
    instance_from,
    instances_from,
    tiers_from,
)
from adapter.platform_client.sync.fetched import (
    FailedFetch,
    FetchedApi,
    FetchedAutomated,
    FetchedInstances,
    FetchedPolicies,
    FetchedTiers,
)
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.policy.catalog import ApiInstance
from adapter.policy.contracts.hashed_secret import SecretForm

_ROWS_AT_ONCE: Final = 100
"""Contracts translated before Checks get their turn: this takes a millisecond or two."""


class Fetcher:
    """Fetches and translates; what it returns takes effect only when somebody takes it over."""

    def __init__(self, client: PlatformClient, secret_form: SecretForm) -> None:
        self._client = client
        self._secret_form = secret_form

    async def api(self, api: TrackedApi) -> FetchedApi | FailedFetch:
        """Fetch everything that is due for an API.

        The contract feed comes first: if a later part fails, its revocations still count.
        """
        feed: FeedPass | None = None
        try:
            feed = await self._feed(api)
            instance = await self._instance(api)
            policies = await self._policies(api)
            tiers = await self._tiers(api, feed)
            await self._client.turns.wait()  # taking over takes as long as a few Checks
        except PlatformError as e:
            return FailedFetch(feed, e)
        return FetchedApi(feed, instance, policies, tiers)

    async def automated(self) -> FetchedAutomated:
        """Fetch the automated policies; raises PlatformError."""
        answer = await self._client.automated_policies()
        mule_only: list[str] = []
        environment_id = self._client.options.environment_id
        policies = automated_policies_from(answer.rows or [], environment_id, mule_only.append)
        return FetchedAutomated(policies, tuple(mule_only), answer.revision)

    async def instances(self) -> FetchedInstances:
        """Fetch the environment's list of API instances; raises PlatformError."""
        faults: list[str] = []
        assets = await self._client.assets()
        instances = instances_from(assets.rows, faults.append)
        return FetchedInstances(instances, faults, assets.revision)

    async def _feed(self, api: TrackedApi) -> FeedPass:
        cursor = api.due_cursor
        if cursor is None:
            return await self._feed_from(api, None)
        try:
            return await self._feed_from(api, cursor)
        except (PlatformRejectedError, PlatformNotFoundError) as e:
            log = structlog.get_logger()
            log.info("platform.contract_feed_restarted", api_id=api.api_id, error=str(e))
            api.expire_all()
            return await self._feed_from(api, None)

    async def _feed_from(self, api: TrackedApi, cursor: str | None) -> FeedPass:
        feed = self._client.contract_feed(api.api_id, cursor)
        while not feed.complete:
            await self._take_one_page(feed, api)
        return feed

    async def _take_one_page(self, feed: FeedPass, api: TrackedApi) -> None:
        # In a method of its own, so that the page is freed before the next one is requested.
        async with self._client.contract_page(feed.url) as page:
            rows, links = page.document.data, page.document.links
            changes = await self._changes(rows, feed, api)
            feed.take(changes, empty=not rows, next_url=links.next, revision=page.revision)

    async def _changes(
        self, rows: list[Any], feed: FeedPass, api: TrackedApi
    ) -> list[ContractChange]:
        changes: list[ContractChange] = []
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[start : start + _ROWS_AT_ONCE]
            await self._client.turns.wait()
            changes += contract_changes(some, api.contracts, self._secret_form, feed.faults.append)
        return changes

    async def _instance(self, api: TrackedApi) -> ApiInstance | None:
        if not api.instance_due:
            return None
        return instance_from(await self._client.instance(api.api_id))

    async def _policies(self, api: TrackedApi) -> FetchedPolicies:
        since = api.policies_known_at
        answer = await self._client.policies(api.api_id, since)
        policies = None if answer.rows is None else policies_from(answer.rows)
        return FetchedPolicies(
            policies, answer.server_time, unconditional=since is None, revision=answer.revision
        )

    async def _tiers(self, api: TrackedApi, feed: FeedPass) -> FetchedTiers | None:
        if not api.tiers_due(feed):
            return None
        faults: list[str] = []
        answer = await self._client.tiers(api.api_id)
        return FetchedTiers(tiers_from(answer.rows, faults.append), faults, answer.revision)
