"""The platform's verbs, as the adapter needs them."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from adapter.errors import ConfigurationError, DocumentError, PlatformRefusedError
from adapter.platform_client.http.exchange import (
    Exchange,
    OpenHttp,
    WholeResponse,
    require_success,
    server_time,
)
from adapter.platform_client.http.origin import origin
from adapter.platform_client.options import PlatformOptions
from adapter.platform_client.protocol.document_reader import read, refused_events
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
from adapter.platform_client.protocol.token import TokenSource
from adapter.runtime.backoff import Jitter
from adapter.runtime.clock import Clock, WallTime
from adapter.runtime.loop_turns import LoopTurns

_PAGE_SIZE: Final = 100
_EVENTS_PATH: Final = "/v2/analytics/events"
_NOT_MODIFIED: Final = 304
_UNAUTHORIZED: Final = 401


class PolicyList(NamedTuple):
    """The policies of an API, or None for "not modified", and the server's time."""

    rows: list[Any] | None
    server_time: WallTime | None


class _Page(NamedTuple):
    """A part of a list."""

    rows: list[Any]
    total: int | None
    """How many entries the whole list has, if the platform says it."""


class PlatformClient:
    """Calls the platform with the gateway's token; every method raises PlatformError.

    The token goes to `base_url` and `analytics_base_url` and nowhere else, whatever a link says.
    Raises ConfigurationError if one of these is no HTTP address.
    `http` is the composition root's: proxies and TLS are its matter, closing it too.
    """

    def __init__(
        self,
        http: OpenHttp,
        options: PlatformOptions,
        clock: Clock,
        jitter: Jitter = random.random,
    ) -> None:
        self.turns = LoopTurns()
        """For whoever reads much of what comes."""
        self._options = options
        self._clock = clock
        self._base_url = options.base_url.rstrip("/")
        self._analytics_base_url = (options.analytics_base_url or options.base_url).rstrip("/")
        self._trusted = {origin(self._base_url), origin(self._analytics_base_url)}
        if "" in self._trusted:
            raise ConfigurationError(
                "platform.base_url and platform.analytics_base_url: must begin with http:// or "
                "https:// and a host, and name no user"
            )
        self._exchange = Exchange(
            http,
            self.turns,
            timeout_s=options.request_timeout_s,
            max_response_bytes=options.max_response_bytes,
        )
        self._tokens = TokenSource(self._exchange, options, clock, jitter)
        self._slots = asyncio.Semaphore(options.concurrency)
        organization = f"/organizations/{quote(options.organization_id, safe='')}"
        environment = f"{organization}/environments/{quote(options.environment_id, safe='')}"
        self._automated_url = f"{self._base_url}/apimanager/api/v1{organization}/automated-policies"
        self._apis_url = f"{self._base_url}/apimanager/api/v1{environment}/apis"
        self._feed_url = f"{self._base_url}/apigateway/ccs/v3{environment}/apis"

    async def assets(self) -> list[Any]:
        """All assets of the environment with their API instances."""

        async def page(offset: int) -> _Page:
            answer = await self._get(self._apis_url, params=_page_at(offset))
            return _page_of(await read(ASSET_LIST, answer))

        # The specification counts assets in `total`; a platform that counts instances is let pass.
        return await self._whole_list("the list of API instances", page, _instance_count)

    async def instance(self, api_id: str) -> InstanceDocument:
        """One API instance."""
        return await read(INSTANCE, await self._get(self._api_url(api_id)))

    async def policies(self, api_id: str, modified_since: WallTime | None = None) -> PolicyList:
        """The policies of an API, or that they have not changed since then by the server's clock.

        The time goes out in seconds: a server that reads milliseconds then answers in full, where
        the opposite mistake would hide changes.
        """
        headers = {} if modified_since is None else {"if-modified-since": str(int(modified_since))}
        answer = await self._get(f"{self._api_url(api_id)}/policies", headers=headers)
        if answer.status != _NOT_MODIFIED:
            return PolicyList(await _policy_rows(answer), server_time(answer))
        if modified_since is None:
            raise DocumentError(f"{answer.what}: 304 to a request that set no condition")
        return PolicyList(None, server_time(answer))

    async def automated_policies(self) -> list[Any]:
        """The automated policies of the environment."""
        params = {"environmentId": self._options.environment_id}
        return await _policy_rows(await self._get(self._automated_url, params=params))

    async def tiers(self, api_id: str) -> list[Any]:
        """The SLA tiers of an API."""

        async def page(offset: int) -> _Page:
            answer = await self._get(f"{self._api_url(api_id)}/tiers", params=_page_at(offset))
            return _page_of(await read(TIER_LIST, answer))

        return await self._whole_list(f"the list of SLA tiers of API {api_id}", page)

    def contracts_url(self, api_id: str) -> str:
        """Where the contract feed of an API begins."""
        return f"{self._feed_url}/{quote(api_id, safe='')}/contracts"

    @asynccontextmanager
    async def contract_page(self, url: str) -> AsyncIterator[ContractPageDocument]:
        """A page of a contract feed, at its beginning or at a cursor.

        It counts as a request under way until it is read, so that pages do not pile up in memory.
        """
        async with self._slots:
            answer = await self._successful(url, {"x-accept-hash-algorithm": "sha256"})
            await self.turns.wait()
            yield await read(CONTRACT_PAGE, answer)

    async def send_events(self, gzip_body: bytes) -> int:
        """Deliver a gzipped JSON array of events; answer how many of them the platform refused.

        Raises PlatformRejectedError where sending the same bytes again would fail again.
        """
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        url = self._analytics_base_url + _EVENTS_PATH
        answer = await self._authorized("POST", url, headers, gzip_body)
        require_success(answer, self._clock)
        return await refused_events(answer)

    def _api_url(self, api_id: str) -> str:
        return f"{self._apis_url}/{quote(api_id, safe='')}"

    async def _get(
        self,
        url: str,
        *,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> WholeResponse:
        if params:
            url = f"{url}?{urlencode(params)}"
        async with self._slots:
            return await self._successful(url, headers or {})

    async def _successful(self, url: str, headers: dict[str, str]) -> WholeResponse:
        answer = await self._authorized("GET", url, headers, None)
        require_success(answer, self._clock)
        return answer

    async def _authorized(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> WholeResponse:
        """Send with the token; a 401 gets one more try with a new token."""
        self._require_trusted(url)
        for last_try in (False, True):
            token = await self._tokens.token()
            authorized = {
                "accept": "application/json",
                **headers,
                "authorization": f"Bearer {token}",
            }
            answer = await self._exchange.send(method, url, headers=authorized, body=body)
            if answer.status != _UNAUTHORIZED:
                break
            self._tokens.discard(token)
            if last_try:
                raise PlatformRefusedError(
                    f"{answer.what}: the platform answered 401 to a new token too; check the "
                    "gateway's client id and secret"
                )
        return answer

    def _require_trusted(self, url: str) -> None:
        found = origin(url)
        if not found:
            raise DocumentError(
                "a link is no plain HTTP address (all of it ASCII; no user, blanks or "
                "backslashes); the token stays here"
            )
        if found not in self._trusted:
            raise DocumentError(
                f"a link leads to {found}, which is not the platform's; the token stays here. If "
                f"it is right, set platform.base_url to that address (now {origin(self._base_url)})"
            )

    async def _whole_list(
        self,
        what: str,
        page: Callable[[int], Awaitable[_Page]],
        weight: Callable[[Any], int] = lambda _row: 1,
    ) -> list[Any]:
        """Follow `offset` until `total` is there; a list that ends early is not whole.

        Without a `total`, a page that is not as long as was asked is the last one.
        """
        rows: list[Any] = []
        for _ in range(self._options.max_pages):
            found, total = await page(len(rows))
            rows += found
            if len(rows) >= total if total is not None else len(found) != _PAGE_SIZE:
                return rows
            if not found:
                if total is None or sum(map(weight, rows)) >= total:
                    return rows
                raise DocumentError(f"{what} ended after {len(rows)} of {total}")
        raise DocumentError(
            f"{what} is longer than {self._options.max_pages} pages (platform.max_pages)"
        )


def _page_of(document: AnyList) -> _Page:
    """What the document lists; without a wrapper it is all that there is."""
    if isinstance(document, list):
        return _Page(document, len(document))
    return _Page(document.rows, document.total)


async def _policy_rows(answer: WholeResponse) -> list[Any]:
    rows, total = _page_of(await read(POLICY_LIST, answer))
    if total is not None and total > len(rows):
        raise DocumentError(f"{answer.what}: {len(rows)} of {total} policies; not whole")
    return rows


def _instance_count(asset: Any) -> int:
    apis = asset.get("apis") if isinstance(asset, dict) else None
    return max(1, len(apis)) if isinstance(apis, list) else 1


def _page_at(offset: int) -> dict[str, str]:
    return {"limit": str(_PAGE_SIZE), "offset": str(offset)}
