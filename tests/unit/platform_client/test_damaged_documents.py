"""Documents that public clients see and examples do not show: read, or bad in one place only."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from adapter.errors import DocumentError
from tests.builders import by_client
from tests.rig.platform_simulator import Fault, answering, policy
from tests.unit.platform_client.sync_rig import Rig

BLOCKLIST = {"ips": ["192.0.2.1"]}
HALF_A_PAIR = r'"Shop \ud83d"'
DEEP = '{"a":' * 1000 + "1" + "}" * 1000
DIGITS = "9" * 5000
ODD_VALUES = [HALF_A_PAIR, DEEP, DIGITS, '"Caf\xe9"', "nul", "1e999"]


@pytest.fixture
def rig() -> Rig:
    """A rig with an API that has a policy and two contracts, of which one was just revoked."""
    rig = Rig()
    rig.api.apply("ip-blocklist", BLOCKLIST)
    rig.api.grant("kept")
    rig.api.grant("revoked")
    return rig


def text(body: str) -> Fault:
    """That JSON, with characters up to U+00FF as single octets, which not all are UTF-8."""
    return lambda _: httpx.Response(200, content=body.encode("latin-1"))


def row_of_the_feed(client_id: str, **members: str) -> str:
    """A row whose members of these names are JSON texts."""
    row = json.dumps({"contractId": f"c-{client_id}", "clientId": client_id})
    return row[:-1] + "".join(f', "{name}": {value}' for name, value in members.items()) + "}"


@pytest.mark.parametrize("value", ODD_VALUES)
@pytest.mark.parametrize("member", ["clientName", "clientId", "slaTierId", "other"])
async def test_one_row_of_the_feed_keeps_no_revocation_from_arriving(
    rig: Rig, member: str, value: str
) -> None:
    """Half a surrogate pair in a name made the whole page unreadable."""
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == {"kept", "revoked"}
    rows = [
        row_of_the_feed("odd", **{member: value}),
        '{"contractId": "c-revoked", "removed": true}',
        row_of_the_feed("new"),
    ]
    rig.platform.fail("cursor=2", text(f'{{"links": {{}}, "data": [{", ".join(rows)}]}}'))
    await rig.sync.sync_once()
    contracts = by_client(rig.in_force().contracts)
    assert {"kept", "new"} <= contracts.keys() <= {"kept", "new", "odd"}
    assert contracts["new"].fault is None
    assert rig.sync.status().apis[0].last_error is None


async def test_a_name_with_half_a_surrogate_pair_closes_nothing(rig: Rig) -> None:
    """It is for people, who see that a character is missing."""
    rows = row_of_the_feed("shop", clientName=HALF_A_PAIR)
    rig.platform.fail("/contracts", text(f'{{"links": {{}}, "data": [{rows}]}}'))
    await rig.sync.sync_once()
    shop = by_client(rig.in_force().contracts)["shop"]
    assert (shop.client_name, shop.fault) == ("Shop \ufffd", None)


async def test_a_row_that_may_be_a_revocation_has_the_feed_read_from_its_beginning(
    rig: Rig,
) -> None:
    """Nobody knows whose contract it was, so that only the whole feed tells who still has one."""
    await rig.sync.sync_once()
    lost = text('{"links": {"next": "?cursor=3"}, "data": [{"contractId": nul, "removed": true}]}')
    rig.platform.fail("cursor=2", lost)
    await rig.sync.sync_once()
    rig.platform.recover()
    rig.api.feed = [row for row in rig.api.feed if row["contractId"] != "c-revoked"]
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == {"kept"}


@pytest.mark.parametrize("value", ODD_VALUES)
async def test_an_odd_policy_closes_its_api_and_freezes_nothing(rig: Rig, value: str) -> None:
    """A policy nested more than 198 levels made the list unreadable, and froze all changes."""
    await rig.sync.sync_once()
    odd = f'{{"policyId": 5, "template": {{"assetId": "cors"}}, "configuration": {{"x": {value}}}}}'
    rig.platform.fail("/7/policies", text(f'{{"policies": [{odd}]}}'))
    rig.api.revoke("c-revoked")
    await rig.clock.advance(301)
    await rig.sync.sync_once()
    assert "policy 5 (cors)" in rig.in_force().faults[0]
    assert by_client(rig.in_force().contracts).keys() == {"kept"}
    assert rig.sync.status().apis[0].last_error is None


@pytest.mark.parametrize("value", ODD_VALUES)
async def test_an_odd_automated_policy_closes_apis_and_freezes_nothing(
    rig: Rig, value: str
) -> None:
    """Every API that it applies to is closed, and revocations go on."""
    await rig.sync.sync_once()
    odd = f'{{"id": 5, "assetId": "cors", "configurationData": {{"x": {value}}}}}'
    rig.platform.fail("/automated-policies", text(f'{{"automatedPolicies": [{odd}]}}'))
    rig.api.revoke("c-revoked")
    await rig.sync.sync_once()
    assert "policy 5 (cors)" in rig.in_force().faults[0]
    assert by_client(rig.in_force().contracts).keys() == {"kept"}
    rig.platform.recover()
    await rig.sync.sync_once()
    await rig.sync.sync_once()
    assert rig.in_force().faults == ()


async def test_a_byte_order_mark_before_any_document_is_skipped(rig: Rig) -> None:
    """Some servers write one."""
    serve = rig.platform.answer

    async def marked(request: httpx.Request) -> httpx.Response:
        response = await serve(request)
        return httpx.Response(response.status_code, content=b"\xef\xbb\xbf" + response.content)

    rig.platform.answer = marked
    await rig.sync.sync_once()
    assert rig.policy_types() == ["ip-blocklist"]
    assert len(rig.in_force().contracts) == 2


@pytest.mark.parametrize(
    "body",
    [
        lambda rows: rows,
        lambda rows: {"policies": rows},
        lambda rows: {"policies": rows, "total": len(rows)},
        lambda rows: {"policies": rows, "total": str(len(rows)), "other": {}},
        lambda rows: {"policies": rows, "total": None},
        lambda rows: {"policies": rows, "total": True},
        lambda rows: {"automatedPolicies": rows, "total": 10**400},
    ],
)
@pytest.mark.parametrize("url", ["/7/policies", "/automated-policies"])
async def test_a_list_of_policies_is_read_in_any_form(
    rig: Rig, url: str, body: Callable[[Any], Any]
) -> None:
    """Bare as in the examples, or wrapped as on the live platform."""
    rows = [policy(5, "access-block")]
    rig.platform.fail(url, lambda _: httpx.Response(200, json=body(rows)))
    await rig.sync.sync_once()
    assert "access-block" in rig.policy_types()


@pytest.mark.parametrize("total", [2, "2", 2.0, None, "many", True, -1, 10**400, [2]])
@pytest.mark.parametrize("name", ["tiers", "assets"])
async def test_a_total_of_any_kind_loses_no_entry(rig: Rig, name: str, total: Any) -> None:
    """Without a total that can be read, a short page is the last one."""
    rows = {
        "tiers": [
            {"id": n, "limits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1}]}
            for n in (1, 2)
        ],
        "assets": [{"name": "a", "apis": [{"id": 7}]}, {"name": "b", "apis": [{"id": 8}]}],
    }
    answer = {name: rows[name], "total": total}
    url = {"tiers": "/tiers", "assets": "/apis?"}[name]
    rig.platform.fail(url, lambda _: httpx.Response(200, json=answer))
    rig.platform.add_api("8")
    await rig.sync.sync_once()
    assert rig.store.current.apis.keys() == {"7", "8"}
    assert len(rig.in_force().tiers) == (2 if name == "tiers" else 0)


async def test_pages_without_a_total_are_followed() -> None:
    """A page as long as was asked may not be the last one."""
    rig = Rig()
    for number in range(100, 350):
        rig.platform.add_api(str(number))
    serve = rig.platform.answer

    async def without_total(request: httpx.Request) -> httpx.Response:
        response = await serve(request)
        if not request.url.path.endswith("/apis"):
            return response
        document = response.json()
        del document["total"]
        return httpx.Response(200, json=document)

    rig.platform.answer = without_total
    await rig.sync.sync_once()
    assert len(rig.store.current.apis) == 251


@pytest.mark.parametrize(
    ("expires_in", "believed_s"),
    [
        ("100", 90),
        (100.0, 90),
        (None, 1620),
        ("soon", 1620),
        (True, 1620),
        (0, 1620),
        (-5, 1620),
        ([], 1620),
        (10**400, 1620),
        (1e-300, 9),
        (1e300, 77_760),
    ],
)
async def test_a_token_is_believed_for_a_time_within_bounds(
    rig: Rig, expires_in: Any, believed_s: float
) -> None:
    """No lifetime keeps the adapter from working, or has it ask for a token with every poll."""
    client = rig.platform.client()
    rig.platform.token_lifetime_s = expires_in
    await client.policies("7")
    await rig.clock.advance(believed_s - 1)
    await client.policies("7")
    assert len(rig.platform.asked("/oauth2/token")) == 1
    await rig.clock.advance(2)
    await client.policies("7")
    assert len(rig.platform.asked("/oauth2/token")) == 2


async def test_a_page_of_the_feed_without_data_is_no_empty_feed(rig: Rig) -> None:
    """An error page must not revoke every contract."""
    await rig.sync.sync_once()
    await rig.clock.advance(3601)
    for body in ("{}", '{"data": null, "links": {}}', '{"message": "oops"}', "[]"):
        rig.platform.fail("/contracts", answering(200, body))
        await rig.sync.sync_once()
        assert len(rig.in_force().contracts) == 2


@pytest.mark.parametrize("body", ['{"policies": null}', '{"policies": {}}', "{}", "null", '""'])
async def test_a_list_of_policies_that_is_not_there_is_no_empty_list(rig: Rig, body: str) -> None:
    """It must not open an API."""
    await rig.sync.sync_once()
    types = rig.policy_types()
    assert types
    await rig.clock.advance(3601)
    rig.platform.fail("/policies", answering(200, body))
    for _ in range(3):
        await rig.sync.sync_once()
        assert rig.policy_types() == types


@pytest.mark.parametrize("body", [{"access_token": "t" * 20_000}, {"access_token": ""}, {}])
async def test_a_token_that_no_request_can_carry_is_refused(rig: Rig, body: Any) -> None:
    """No server takes headers of any length."""
    rig.platform.fail("/oauth2/token", lambda _: httpx.Response(200, json=body))
    with pytest.raises(DocumentError, match="access_token"):
        await rig.platform.client().policies("7")


@pytest.mark.parametrize("following", ["?c=" + "x" * 10_000, "?c=\\ud83d"])
async def test_a_link_that_no_request_can_carry_changes_nothing(rig: Rig, following: str) -> None:
    """The cursor of before stays, and the error names the member."""
    await rig.sync.sync_once()
    body = f'{{"data": [], "links": {{"next": "{following}"}}}}'
    rig.platform.fail("cursor=2", text(body))
    await rig.sync.sync_once()
    assert "links.next" in (rig.sync.status().apis[0].last_error or "")
    assert len(rig.in_force().contracts) == 2
