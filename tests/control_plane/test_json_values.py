"""JSON that can't be answered: refused before it is stored, and harmless where it is stored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from control_plane.errors import Invalid
from control_plane.management.policies import MAX_CONFIGURATION_DEPTH
from control_plane.protocol.writing import answer
from control_plane.store.json_values import MAX_DEPTH, UNREADABLE, nested_too_deeply, stored_json
from tests.control_plane.conftest import ON_SQLITE, Platform


def _nested(levels: int, *, array: bool = False) -> Any:
    value: Any = [] if array else {}
    for _ in range(levels - 1):
        value = [value] if array else {"a": value}
    return value


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0)


LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from('"\\[]{}')


@given(
    st.recursive(
        LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
    ),
    st.integers(0, MAX_DEPTH + 5),
    st.booleans(),
)
def test_the_depth_of_a_text_is_that_of_its_value(value: Any, levels: int, escaped: bool) -> None:
    """Brackets in strings count for nothing, whatever stands around them."""
    for number in range(levels):
        value = [value] if number % 2 else {'"[\\': value}
    written = json.dumps(value, ensure_ascii=escaped).encode()
    assert nested_too_deeply(written) == (_depth(value) > MAX_DEPTH)


@given(st.binary())
def test_no_octets_break_the_measuring_of_depth(octets: bytes) -> None:
    """What is no JSON at all is for the parser to refuse."""
    assert nested_too_deeply(octets) in (True, False)


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("place", ["endpoint", "policy", "automated"])
async def test_json_that_is_nested_too_deeply_is_refused_and_not_stored(
    platform: Platform, place: str, array: bool
) -> None:
    """One body of 2 KB must not take a list from everybody."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    environment_id = platform.credentials.environment_id
    policy: dict[str, Any] = {"assetId": "our", "assetVersion": "1.0.0", "configurationData": {}}
    automated = policy | {"ruleOfApplication": {"environmentId": environment_id}}
    unchecked = "?allowUnknown=true"
    method, path, body = {
        "endpoint": ("PATCH", f"{platform.apis}/{api_id}", {"endpoint": {}}),
        "policy": ("POST", f"{platform.apis}/{api_id}/policies{unchecked}", policy),
        "automated": ("POST", f"{platform.organization}/automated-policies{unchecked}", automated),
    }[place]
    field = next(name for name, value in body.items() if value == {})
    most = MAX_DEPTH if place == "endpoint" else MAX_CONFIGURATION_DEPTH
    for levels, accepted in ((most - 2, True), (260, False), (5000, False)):
        deep = "[" * levels + "]" * levels if array else '{"a":' * levels + "1" + "}" * levels
        content = json.dumps(body | {field: "deep"}).replace('"deep"', f'{{"b":{deep}}}')
        response = await platform.anyone.request(
            method,
            path,
            content=content,
            headers={"Content-Type": "application/json"} | platform.admin.authorization,
        )
        assert response.is_success == accepted, response.text
        if not accepted:
            assert response.status_code == 400
            assert response.json().keys() == {"error", "message"}
    rows = await platform.admin.ask("GET", f"{platform.apis}/{api_id}/policies?fullInfo=false")
    assert len(rows) <= 1


@pytest.mark.parametrize(
    "stored",
    [
        json.dumps(_nested(260)),
        "[" * 5000 + "]" * 5000,
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": "\\ud800"}',
        '{"\\uDfff": 1}',
        "{",
        "",
        f'{{"a": {"1" * 5000}}}',
    ],
)
# PostgreSQL takes only JSON.
@ON_SQLITE
async def test_a_value_that_is_stored_already_breaks_no_list(
    platform: Platform, stored: str
) -> None:
    """The row shows a text that no field takes; all other rows are as they were."""
    admin = platform.admin
    good, bad = [(await admin.create_api(name))["id"] for name in ("a", "b")]
    for api_id in (good, bad):
        await admin.apply_policy(api_id, "our-own", {"a": 1}, allow_unknown=True)
    one, other = [
        await admin.apply_automated_policy(name, {"a": 1}, allow_unknown=True)
        for name in ("our-own", "x")
    ]
    with platform.services.database.write() as session:
        for table, column, row_id in (
            ("api_instances", "endpoint", bad),
            ("policies", "configuration", bad),
            ("automated_policies", "configuration", other["id"]),
        ):
            statement = f"UPDATE {table} SET {column} = :stored WHERE id = {row_id}"  # noqa: S608
            session.execute(text(statement), {"stored": stored})
    apis = (await platform.damaged(platform.apis))["assets"]
    endpoints = [asset["apis"][0]["endpoint"] for asset in apis]
    assert (endpoints[0]["uri"], endpoints[1]) == (None, UNREADABLE)
    [policy] = (await platform.damaged(f"{platform.apis}/{bad}/policies"))["policies"]
    assert policy["configurationData"] == UNREADABLE
    path = f"{platform.organization}/automated-policies"
    path += f"?environmentId={platform.credentials.environment_id}"
    rows = (await platform.damaged(path))["automatedPolicies"]
    assert [row["configurationData"] for row in rows] == [{"a": 1}, UNREADABLE]
    assert rows[0]["id"] == one["id"]
    path = f"{platform.apis}/{bad}/policies/{policy['id']}"
    change = {"configurationData": {"a": 2}}
    changed = await admin.ask("PATCH", path, change, allowUnknown="true")
    assert changed["configurationData"] == {"a": 2}


@given(
    st.recursive(
        LEAVES | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_a_good_value_is_read_as_it_was_stored(value: Any) -> None:
    """Only what can't be told is replaced."""
    assert stored_json(json.dumps(value)) == value


@pytest.mark.parametrize("value", [float("nan"), "\ud800", _nested(100_000, array=True)])
def test_an_answer_that_cannot_be_written_is_a_refusal(value: Any) -> None:
    """It is made inside the transaction, which then keeps nothing."""
    with pytest.raises(Invalid, match="JSON"):
        answer({"a": value})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r'"\ud800"', "configurationData: must be text that can be written in UTF-8"),
        ("1e999", "configurationData: must have no number that JSON can't write, such as 1e999"),
    ],
)
async def test_values_that_no_answer_can_contain_are_named_in_plain_words(
    platform: Platform, written: str, expected: str
) -> None:
    """Not in those of the library that writes JSON."""
    await platform.admin.create_api("orders")
    asset = '"assetId": "x", "assetVersion": "1.0.0"'
    refused = await platform.anyone.post(
        f"{platform.apis}/1/policies",
        content=f'{{{asset}, "configurationData": {{"a": {written}}}}}',
        headers=platform.admin.authorization | {"content-type": "application/json"},
    )
    assert (refused.status_code, refused.json()["message"]) == (400, expected)
