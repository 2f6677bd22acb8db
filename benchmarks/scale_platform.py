"""A simulated platform with many contracts, for the sync. It implements the documented protocol.

`python -m benchmarks.scale_platform --apis 1000 --contracts 1000000` prints its address as JSON
and serves until its standard input ends. `POST /grow/{api}/{count}` adds contracts to an API.
`GET /served` returns when (CLOCK_MONOTONIC) it last sent a page with rows.
"""

import argparse
import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from benchmarks.catalog import CHAINS, SECRET, TYPICAL, CatalogSize, api_id, client_id

ORGANIZATION: Final = "org"
ENVIRONMENT: Final = "env"
_ENVIRONMENT_PATH: Final = f"/organizations/{ORGANIZATION}/environments/{ENVIRONMENT}"
_APIS: Final = f"/apimanager/api/v1{_ENVIRONMENT_PATH}/apis"
_FEED: Final = f"/apigateway/ccs/v3{_ENVIRONMENT_PATH}/apis"
_FIRST_NEW: Final = 50_000_000
"""The first number of contracts that are added later."""


class MadeUpPlatform:
    """The APIs and contracts of `benchmarks.catalog`, created on request."""

    def __init__(self, size: CatalogSize, page_rows: int) -> None:
        self._numbers = [list(size.contracts_of(api)) for api in range(size.apis)]
        self._page_rows = page_rows
        self._served_at = 0.0
        self._next_new = _FIRST_NEW

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application()
        application.add_routes(
            [
                web.post("/accounts/oauth2/token", self._token),
                web.get(_APIS, self._assets),
                web.get(f"{_APIS}/{{api}}/policies", self._policies),
                web.get(f"{_APIS}/{{api}}/tiers", self._tiers),
                web.get(f"{_FEED}/{{api}}/contracts", self._contracts),
                web.get(
                    f"/apimanager/api/v1/organizations/{ORGANIZATION}/automated-policies",
                    self._automated,
                ),
                web.post("/grow/{api}/{count}", self._grow),
                web.get("/served", self._served),
            ]
        )
        return application

    async def _token(self, _: web.Request) -> web.Response:
        return web.json_response({"access_token": "token", "token_type": "bearer"})

    async def _assets(self, request: web.Request) -> web.Response:
        start, limit = int(request.query["offset"]), int(request.query["limit"])
        total = len(self._numbers)
        assets = [
            {"name": f"orders-{n}", "apis": [{"id": api_id(n), "assetVersion": "v1"}]}
            for n in range(start, min(start + limit, total))
        ]
        return web.json_response({"total": total, "assets": assets})

    async def _automated(self, _: web.Request) -> web.Response:
        return web.json_response({"automatedPolicies": [], "total": 0})

    async def _policies(self, request: web.Request) -> web.Response:
        if "if-modified-since" in request.headers:
            return web.Response(status=304)
        return web.json_response(
            [
                {"id": number, "assetId": name, "configurationData": settings, "order": number}
                for number, (name, settings) in enumerate(CHAINS[TYPICAL])
            ]
        )

    async def _tiers(self, _: web.Request) -> web.Response:
        limit = {"maximumRequests": 1_000_000_000, "timePeriodInMilliseconds": 60_000}
        tier = {"id": 4711, "name": "gold", "limits": [limit]}
        return web.json_response({"total": 1, "tiers": [tier]})

    async def _contracts(self, request: web.Request) -> web.Response:
        numbers = self._of(request)
        after = int(request.query.get("cursor", 0))
        page = numbers[after : after + self._page_rows]
        following = f"{request.path}?cursor={after + len(page)}"
        response = web.json_response({"links": {"next": following}, "data": [*map(_row, page)]})
        if page:
            self._served_at = time.monotonic()
        return response

    async def _grow(self, request: web.Request) -> web.Response:
        count = int(request.match_info["count"])
        self._of(request).extend(range(self._next_new, self._next_new + count))
        self._next_new += count
        return web.json_response({})

    async def _served(self, _: web.Request) -> web.Response:
        return web.json_response({"at": self._served_at})

    def _of(self, request: web.Request) -> list[int]:
        return self._numbers[int(request.match_info["api"]) - int(api_id(0))]


def _row(number: int) -> dict[str, Any]:
    """A contract in the feed, with all members of the vendor's feed."""
    salt = hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest()
    return {
        "organizationId": ORGANIZATION,
        "contractId": 20_000_000 + number,
        "apiId": 1,
        "versionId": 1,
        "slaTierId": 4711,
        "clientId": client_id(number),
        "clientSecret": hashlib.sha256((SECRET + salt).encode()).hexdigest(),
        "clientSecretSalt": salt,
        "contractUpdatedDate": "2026-01-01T00:00:00.000Z",
        "redirectUris": [],
        "clientName": f"Application {number}",
        "clientDescription": None,
        "clientUpdatedDate": "2026-01-01T00:00:00.000Z",
        "updatedDate": "2026-01-01T00:00:00.000Z",
        "removed": None,
    }


async def serve(size: CatalogSize, page_rows: int) -> None:
    """Serve until standard input ends."""
    runner = web.AppRunner(MadeUpPlatform(size, page_rows).application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    print(json.dumps({"address": f"{host}:{port}"}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments, and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale_platform", description=__doc__
    )
    parser.add_argument("--apis", type=int, default=1_000)
    parser.add_argument("--contracts", type=int, default=1_000_000)
    parser.add_argument("--page-rows", type=int, default=500)
    given = parser.parse_args(arguments)
    asyncio.run(serve(CatalogSize(given.apis, given.contracts), given.page_rows))


if __name__ == "__main__":
    main()
