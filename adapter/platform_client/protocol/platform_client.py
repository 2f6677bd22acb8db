"""The platform's operations, as the adapter needs them."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from pydantic import TypeAdapter

from adapter.errors import DocumentError
from adapter.platform_client.http.exchange import Exchange, OpenHttp, WholeResponse, server_time
from adapter.platform_client.protocol.authorized_exchange import AuthorizedExchange
from adapter.platform_client.protocol.contract_feed import FeedPass
from adapter.platform_client.protocol.document_reader import read_document, read_receipt
from adapter.platform_client.protocol.documents import (
    ASSET_LIST,
    CONTRACT_PAGE,
    INSTANCE,
    POLICY_LIST,
    TIER_LIST,
    AnyList,
    ContractPageDocument,
    InstanceDocument,
)
from adapter.platform_client.protocol.options import PlatformOptions
from adapter.platform_client.protocol.paged_list import page_of, whole_list
from adapter.platform_client.protocol.revision import revision_of
from adapter.platform_client.protocol.token import TokenSource
from adapter.runtime.backoff import Jitter
from adapter.runtime.clock import Clock, WallTime
from adapter.runtime.fairness import LoopTurns

_EVENTS_PATH: Final = "/v2/analytics/events"
_REPORTS_PATH: Final = "/policy-control-plane/v1"
_NOT_MODIFIED: Final = 304


class PolicyList(NamedTuple):
    """The policies of an API, or None for "not modified", and the server's time."""

    rows: list[Any] | None
    server_time: WallTime | None
    revision: int | None
    """See `protocol.revision`."""


class WholeList(NamedTuple):
    """A list that was read page by page, and the revision of its first page."""

    rows: list[Any]
    revision: int | None


class ContractPage(NamedTuple):
    """A page of a contract feed, and its revision."""

    document: ContractPageDocument
    revision: int | None


class PlatformClient:
    """Asks the platform with the gateway's token; every method raises PlatformError.

    This class knows the platform's operations. How a request travels is the matter of `http`, which
    the composition root opens and closes (`http.aiohttp_client`). Raises ConfigurationError if an
    address of the platform is not an HTTP address.
    """

    def __init__(
        self,
        http: OpenHttp,
        options: PlatformOptions,
        clock: Clock,
        jitter: Jitter = random.random,
    ) -> None:
        self.options: Final = options
        self.turns: Final = LoopTurns()
        """For callers that do long work with the answers."""
        base_url = options.base_url.rstrip("/")
        analytics_url = (options.analytics_base_url or options.base_url).rstrip("/")
        exchange = Exchange(
            http,
            self.turns,
            timeout_s=options.request_timeout_s,
            max_response_bytes=options.max_response_bytes,
        )
        self._tokens = TokenSource(exchange, options, clock, jitter)
        self._exchange = AuthorizedExchange(
            exchange, self._tokens, clock, (base_url, analytics_url)
        )
        self._slots = asyncio.Semaphore(options.concurrency)
        self._gives_receipts = False
        """Whether a batch of events got a receipt. A later answer without one is another's."""
        organization = f"/organizations/{quote(options.organization_id, safe='')}"
        environment = f"{organization}/environments/{quote(options.environment_id, safe='')}"
        self._automated_url = f"{base_url}/apimanager/api/v1{organization}/automated-policies"
        self._apis_url = f"{base_url}/apimanager/api/v1{environment}/apis"
        self._feed_url = f"{base_url}/apigateway/ccs/v3{environment}/apis"
        self._events_url = analytics_url + _EVENTS_PATH
        self._adapters_url = f"{base_url}{_REPORTS_PATH}{environment}/adapters"

    def forget_failure(self) -> None:
        """Try again to get a token, even if that failed a moment ago."""
        self._tokens.forget_failure()

    async def assets(self) -> WholeList:
        """All assets of the environment with their API instances."""
        # The specification counts assets in `total`; a platform may count instances instead.
        what = "the list of API instances"
        return await self._whole_list(what, ASSET_LIST, self._apis_url, _instance_count)

    async def instance(self, api_id: str) -> InstanceDocument:
        """One API instance."""
        return await read_document(INSTANCE, await self._get(self._api_url(api_id)))

    async def policies(self, api_id: str, modified_since: WallTime | None = None) -> PolicyList:
        """The policies of an API, or that they have not changed since then by the server's clock.

        The time is sent in seconds. A server that reads it as milliseconds answers in full, which
        is safe; the opposite mistake would hide changes.
        """
        headers = {} if modified_since is None else {"if-modified-since": str(int(modified_since))}
        response = await self._get(f"{self._api_url(api_id)}/policies", headers=headers)
        if response.status != _NOT_MODIFIED:
            return await _policy_list(response)
        if modified_since is None:
            raise DocumentError(
                "the platform answered 304 to a request without a condition", what=response.what
            )
        return PolicyList(None, server_time(response), revision_of(response))

    async def automated_policies(self) -> PolicyList:
        """The automated policies of the environment."""
        query = {"environmentId": self.options.environment_id}
        return await _policy_list(await self._get(self._automated_url, query))

    async def tiers(self, api_id: str) -> WholeList:
        """The SLA tiers of an API."""
        what = f"the list of SLA tiers of API {api_id}"
        return await self._whole_list(what, TIER_LIST, f"{self._api_url(api_id)}/tiers")

    def contract_feed(self, api_id: str, cursor: str | None) -> FeedPass:
        """A pass over the contract feed of an API: from a cursor, or None from its beginning."""
        beginning = f"{self._feed_url}/{quote(api_id, safe='')}/contracts"
        return FeedPass(beginning, cursor, self.options.max_pages)

    @asynccontextmanager
    async def contract_page(self, url: str) -> AsyncIterator[ContractPage]:
        """A page of a contract feed.

        The request counts as under way until the page is read, so that few pages are in memory.
        """
        async with self._slots:
            headers = {"x-accept-hash-algorithm": "sha256"}
            response = await self._exchange.send("GET", url, headers)
            await self.turns.wait()
            yield ContractPage(await read_document(CONTRACT_PAGE, response), revision_of(response))

    async def send_events(self, gzip_body: bytes) -> int:
        """Deliver a gzipped JSON array of events; return how many of them the platform refused.

        Raises PlatformRejectedError where sending the same bytes again would fail again, and
        DocumentError if something else than the platform seems to have answered.
        """
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        response = await self._exchange.send(
            "POST", self._events_url, headers, gzip_body, check_if_missing="platform.analytics_url"
        )
        receipt = await read_receipt(response)
        if receipt.accepted is not None:
            self._gives_receipts = True
        elif self._gives_receipts:
            raise DocumentError(
                "no receipt for a batch of events, which this platform always gives; check what "
                "else may answer between this adapter and platform.analytics_url",
                what=response.what,
            )
        return len(receipt.rejected)

    async def send_report(self, instance_id: str, body: bytes) -> None:
        """Deliver a report about this adapter, as JSON: an operation of our control plane only."""
        url = f"{self._adapters_url}/{quote(instance_id, safe='')}/report"
        await self._exchange.send("PUT", url, {"content-type": "application/json"}, body)

    async def _whole_list(
        self,
        what: str,
        shape: TypeAdapter[AnyList],
        url: str,
        weight: Callable[[Any], int] = lambda _row: 1,
    ) -> WholeList:
        revisions: list[int | None] = []

        async def page(query: dict[str, str]) -> AnyList:
            response = await self._get(url, query)
            revisions.append(revision_of(response))
            return await read_document(shape, response)

        rows = await whole_list(what, page, self.options.max_pages, weight)
        return WholeList(rows, revisions[0])

    def _api_url(self, api_id: str) -> str:
        return f"{self._apis_url}/{quote(api_id, safe='')}"

    async def _get(
        self,
        url: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> WholeResponse:
        if query:
            url = f"{url}?{urlencode(query)}"
        async with self._slots:
            return await self._exchange.send("GET", url, headers or {})


async def _policy_list(response: WholeResponse) -> PolicyList:
    rows, total = page_of(await read_document(POLICY_LIST, response))
    if total is not None and total > len(rows):
        raise DocumentError(
            f"the list has only {len(rows)} of {total} policies", what=response.what
        )
    return PolicyList(rows, server_time(response), revision_of(response))


def _instance_count(asset: Any) -> int:
    apis = asset.get("apis") if isinstance(asset, dict) else None
    return max(1, len(apis)) if isinstance(apis, list) else 1
