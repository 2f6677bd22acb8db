"""Pages of the contract feed that have no links."""

from typing import Any

import httpx
import pytest

from tests.unit.platform_client.sync_rig import Rig

NO_LINKS: tuple[dict[str, Any], ...] = ({}, {"links": None}, {"links": {}}, {"links": []})


@pytest.fixture
def rig() -> Rig:
    """An API with two contracts."""
    rig = Rig()
    for client in ("a", "b"):
        rig.api.grant(client)
    return rig


def clients(rig: Rig) -> set[str]:
    """The clients that have a contract."""
    return {contract.client_id for contract in rig.in_force().contracts}


def without_links(rig: Rig, links: dict[str, Any], *, of: str = "/contracts") -> None:
    """Answer with all rows that the feed has now, on one page."""
    rows = list(rig.api.feed)
    rig.platform.fail(of, lambda _: httpx.Response(200, json={"data": rows, **links}))


@pytest.mark.parametrize("links", NO_LINKS)
async def test_a_platform_without_links_is_read_from_the_beginning(
    rig: Rig, links: dict[str, Any]
) -> None:
    """Each time, so that every later grant and revocation arrives."""
    without_links(rig, links)
    await rig.sync.sync_once()
    assert clients(rig) == {"a", "b"}
    rig.api.grant("c")
    rig.api.revoke(rig.api.feed[0]["contractId"])
    without_links(rig, links)
    await rig.sync.sync_once()
    assert clients(rig) == {"b", "c"}
    assert not [request for request in rig.platform.asked("/contracts") if request.url.query]


@pytest.mark.parametrize("links", NO_LINKS)
async def test_one_page_without_links_loses_no_revocation(rig: Rig, links: dict[str, Any]) -> None:
    """The next poll reads all of the feed."""
    await rig.sync.sync_once()
    without_links(rig, links, of="cursor=2")
    await rig.sync.sync_once()
    rig.platform.recover()
    rig.api.revoke(rig.api.feed[0]["contractId"])
    asked_before = len(rig.platform.asked("/contracts"))
    await rig.sync.sync_once()
    assert clients(rig) == {"b"}
    assert not rig.platform.asked("/contracts")[asked_before].url.query
