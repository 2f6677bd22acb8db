"""`POST /sync` on the inspection listener."""

from collections.abc import Mapping
from typing import Any

import pytest

from adapter.operations.routes import Route, answer, json_reply
from adapter.operations.sync import sync_route

GOOD = {"revision": 7, "changed_apis": ["1"], "removed_apis": [], "failures": {}}
BAD = {**GOOD, "failures": {"API 1": "the platform answered 503"}}


@pytest.mark.parametrize(
    ("report", "status", "expected"),
    [
        (GOOD, 200, b'{"synced": true, "revision": 7, "changed_apis": ["1"]'),
        (BAD, 200, b'{"synced": false, "revision": 7, "changed_apis": ["1"]'),
        (None, 202, b'{"synced": false, "why": "the sync goes on; see GET /sync"}'),
    ],
)
async def test_what_a_sync_did_is_answered(
    report: Mapping[str, Any] | None, status: int, expected: bytes
) -> None:
    """With what failed; or that it goes on."""

    async def sync() -> Mapping[str, Any] | None:
        return report

    reply = await answer([sync_route(sync)], "POST", "/sync")
    assert (reply.status, reply.body[: len(expected)]) == (status, expected)


async def test_a_web_page_cannot_start_one() -> None:
    """A page that is open on this machine could send POST to loopback, too."""

    async def sync() -> Mapping[str, Any]:
        raise AssertionError("not reached")

    reply = await answer([sync_route(sync)], "POST", "/sync", from_web_page=True)
    assert reply.status == 403


async def test_reading_goes_on_as_before() -> None:
    """GET shows the state; other methods are refused with both names."""

    async def sync() -> Mapping[str, Any]:
        return GOOD

    routes = [Route("/sync", lambda _: json_reply({"state": 1})), sync_route(sync)]
    assert (await answer(routes, "GET", "/sync")).body == b'{"state": 1}'
    refused = await answer(routes, "DELETE", "/sync")
    assert (refused.status, refused.headers) == (405, (("allow", "GET, HEAD, POST"),))
