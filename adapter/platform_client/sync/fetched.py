"""What one poll brought, translated."""

from collections.abc import Mapping
from typing import NamedTuple

from adapter.errors import PlatformError
from adapter.platform_client.protocol.contract_feed import FeedPass
from adapter.platform_client.sync.empty_list_guard import Policies
from adapter.policy.catalog import ApiInstance, SlaTier
from adapter.runtime.clock import WallTime


class FetchedPolicies(NamedTuple):
    """The policies of an API."""

    policies: Policies | None
    """None: not modified."""
    server_time: WallTime | None
    unconditional: bool
    """Whether the request had no `if-modified-since`."""
    revision: int | None
    """See `protocol.revision`."""


class FetchedTiers(NamedTuple):
    """The SLA tiers of an API by id."""

    tiers: Mapping[str, SlaTier]
    faults: list[str]
    """What is wrong with the tiers that had to be left out."""
    revision: int | None


class FetchedApi(NamedTuple):
    """A complete poll of an API."""

    feed: FeedPass
    instance: ApiInstance | None
    """None: it was not due."""
    policies: FetchedPolicies
    tiers: FetchedTiers | None
    """None: they were not due."""


class FailedFetch(NamedTuple):
    """A poll of an API that failed."""

    feed: FeedPass | None
    """The contract feed, if it was read to its end before the error."""
    error: PlatformError


class FetchedAutomated(NamedTuple):
    """The automated policies of the environment."""

    policies: Policies
    mule_only: tuple[str, ...]
    """Names of policies that were left out because they are for Mule runtimes only."""
    revision: int | None


class FetchedInstances(NamedTuple):
    """The API instances of the environment by id."""

    instances: Mapping[str, ApiInstance]
    faults: list[str]
    """What is wrong with the instances that had to be left out."""
    revision: int | None
