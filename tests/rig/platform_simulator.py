"""An API management platform in memory that can simulate failures.

It implements the documented protocol with httpx's requests and responses, without a socket. For a
real platform, use `tests/rig/control_plane.py`.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from typing import Any, TypeAlias

import httpx

from adapter.platform_client.http.exchange import Http, HttpRequest, OpenHttp, StreamedResponse
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.runtime.clock import Clock
from tests.rig.platform_options import options

SALT = "grain"
SECRET = "secret"
FEED_PAGE = 3

Serve: TypeAlias = Callable[[httpx.Request], Awaitable[httpx.Response]]
Fault: TypeAlias = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class SimulatedHttp:
    """An HTTP client that reaches only the simulator."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve

    @asynccontextmanager
    async def send(self, request: HttpRequest) -> AsyncIterator[StreamedResponse]:
        """See `Http.send`."""
        method, url, headers, body = request
        response = await self._serve(httpx.Request(method, url, headers=headers, content=body))
        yield StreamedResponse(response.status_code, response.headers, response.aiter_bytes())


def opened(http: Http) -> OpenHttp:
    """A function that opens this client."""

    async def opening() -> Http:
        return http

    return opening


def answering(status: int, body: str = "", **headers: str) -> Fault:
    """A fault that always returns this answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: httpx.Response(status, text=body, headers=named)


@dataclass
class SimulatedApi:
    """One API instance, as administrators see it."""

    api_id: str
    name: str
    ids: "count[int]"
    touch: Callable[[], float]
    policies: list[Any] = field(default_factory=list)
    tiers: list[Any] = field(default_factory=list)
    feed: list[dict[str, Any]] = field(default_factory=list)
    """All changes of contracts, oldest first."""
    modified_at: float = 0.0

    def apply(self, asset_id: str, configuration: Any = None, **fields: Any) -> str:
        """Apply a policy."""
        policy_id = next(self.ids)
        self.policies.append(policy(policy_id, asset_id, configuration, **fields))
        self.modified_at = self.touch()
        return str(policy_id)

    def remove_policies(self) -> None:
        """Remove all its policies."""
        self.policies.clear()
        self.modified_at = self.touch()

    def offer(self, name: str, *limits: tuple[int, int]) -> str:
        """Create an SLA tier with (requests, milliseconds) limits."""
        tier_id = next(self.ids)
        rows = [{"maximumRequests": n, "timePeriodInMilliseconds": ms} for n, ms in limits]
        self.tiers.append({"id": tier_id, "name": name, "limits": rows, "status": "ACTIVE"})
        return str(tier_id)

    def grant(self, client_id: str, secret: str = SECRET, **fields: Any) -> str:
        """Approve a contract."""
        contract_id = f"c-{client_id}"
        digest = hashlib.sha256((secret + SALT).encode()).hexdigest()
        row = {
            "contractId": contract_id,
            "apiId": self.api_id,
            "clientId": client_id,
            "clientName": f"The {client_id}",
            "clientSecret": digest,
            "clientSecretSalt": SALT,
            "slaTierId": None,
            "removed": None,
        }
        self.feed.append(row | fields)
        return contract_id

    def revoke(self, contract_id: str) -> None:
        """Revoke a contract: the feed gets a tombstone."""
        self.feed.append({"contractId": contract_id, "removed": True})


def policy(policy_id: int, asset_id: str, configuration: Any = None, **fields: Any) -> Any:
    """An applied policy's document."""
    return {
        "id": policy_id,
        "assetId": asset_id,
        "configurationData": {} if configuration is None else configuration,
        "order": 1,
        "disabled": False,
        "pointcutData": None,
    } | fields


def live_policy(row: Any) -> Any:
    """A policy's document in the form of the live platform."""
    if not isinstance(row, dict):
        return row
    names = {"id": "policyId", "configurationData": "configuration"}
    live = {names.get(name, name): value for name, value in row.items() if name != "assetId"}
    return live | {"template": {"groupId": "g", "assetId": row.get("assetId")}}


class PlatformSimulator:
    """The platform. `requests` has all requests; `fail` adds a fault."""

    def __init__(self, clock: Clock) -> None:
        self.apis: dict[str, SimulatedApi] = {}
        self.automated: list[Any] = []
        self.requests: list[httpx.Request] = []
        self.token_lifetime_s: float | None = 3600
        self.revision: int | None = None
        """What its answers say in `x-platform-revision`, as our control plane's do."""
        self._clock = clock
        self._ids = count(100)
        self._tokens = count(1)
        self._valid_token = ""
        self.answer: Serve = self._answer
        """Answers a request. Tests may wrap it."""
        self._faults: dict[str, Fault] = {}
        self._times: dict[str, int] = {}

    def add_api(self, api_id: str, name: str = "") -> SimulatedApi:
        """Create an API instance."""
        api = SimulatedApi(api_id, name or f"api-{api_id}", self._ids, self._clock.now)
        self.apis[api_id] = api
        return api

    def automate(self, asset_id: str, configuration: Any = None, **fields: Any) -> None:
        """Apply a policy to the whole environment."""
        self.automated.append(policy(next(self._ids), asset_id, configuration, **fields))

    def fail(self, part_of_url: str, fault: Fault, *, times: int = 10**9) -> None:
        """Answer requests whose URL contains this text with this fault, this many times."""
        self._faults[part_of_url] = fault
        self._times[part_of_url] = times

    def recover(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def expire_tokens(self) -> None:
        """Refuse the newest token."""
        self._valid_token = ""

    def asked(self, part_of_url: str) -> list[httpx.Request]:
        """The requests whose URL contains this text."""
        return [request for request in self.requests if part_of_url in str(request.url)]

    def client(self, **changes: Any) -> PlatformClient:
        """A client of this platform, without random waits."""
        http = SimulatedHttp(self._serve)
        return PlatformClient(opened(http), options(**changes).platform, self._clock, lambda: 1.0)

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = await self.answer(request)
        if self.revision is not None:
            response.headers["x-platform-revision"] = str(self.revision)
        response.headers.setdefault("date", formatdate(self._clock.now(), usegmt=True))
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        for part, fault in self._faults.items():
            if part in str(request.url) and self._times[part] > 0:
                self._times[part] -= 1
                answer = fault(request)
                return answer if isinstance(answer, httpx.Response) else await answer
        if request.url.path == "/accounts/oauth2/token":
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer {self._valid_token}":
            return httpx.Response(401)
        return self._resource(request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        if (asked["client_id"], asked["client_secret"]) != ("gateway", "gateway-secret"):
            return httpx.Response(401)
        self._valid_token = f"token-{next(self._tokens)}"
        lifetime = {} if self.token_lifetime_s is None else {"expires_in": self.token_lifetime_s}
        return httpx.Response(
            200, json={"access_token": self._valid_token, "token_type": "bearer"} | lifetime
        )

    def _resource(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v2/analytics/events":
            return httpx.Response(202)
        if path.endswith("/automated-policies"):
            rows = self.automated
            return httpx.Response(200, json={"automatedPolicies": rows, "total": len(rows)})
        if path.endswith("/apis"):
            return self._page(request, "assets", [_asset(api) for api in self.apis.values()])
        api_id, _, verb = path.partition("/apis/")[2].partition("/")
        api = self.apis.get(api_id)
        if api is None:
            return httpx.Response(404, json={"message": "no such API"})
        if verb == "policies":
            return self._policies(request, api)
        if verb == "tiers":
            return self._page(request, "tiers", api.tiers)
        if verb == "contracts":
            return self._contracts(request, api)
        return httpx.Response(200, json={"id": int(api.api_id), "assetId": api.name})

    def _page(self, request: httpx.Request, name: str, rows: list[Any]) -> httpx.Response:
        start = int(request.url.params["offset"])
        end = start + int(request.url.params["limit"])
        return httpx.Response(200, json={"total": len(rows), name: rows[start:end]})

    def _policies(self, request: httpx.Request, api: SimulatedApi) -> httpx.Response:
        since = request.headers.get("if-modified-since")
        if since is not None and api.modified_at < float(since):
            return httpx.Response(304)
        return httpx.Response(200, json={"policies": [live_policy(row) for row in api.policies]})

    def _contracts(self, request: httpx.Request, api: SimulatedApi) -> httpx.Response:
        start = int(request.url.params.get("cursor", 0))
        rows = api.feed[start : start + FEED_PAGE]
        return feed_page(request, rows, f"cursor={start + len(rows)}")


def feed_page(request: httpx.Request, rows: Iterable[Any], following: str) -> httpx.Response:
    """A page of a contract feed whose `next` link has this query."""
    here = request.url.copy_with(query=None)
    links = {"self": str(request.url), "next": f"{here}?{following}"}
    return httpx.Response(200, json={"links": links, "data": list(rows)})


def _asset(api: SimulatedApi) -> dict[str, Any]:
    instance = {"id": int(api.api_id), "assetVersion": "1.0.0", "productVersion": "v1"}
    return {"name": api.name, "assetId": api.name, "apis": [instance], "totalApis": 1}
