"""Whatever stands in a batch, there is one answer for each event, and good ones are stored once."""

import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.analytics.event import Event
from tests.control_plane.conftest import Platform
from tests.control_plane.events import event, send, send_raw

ANY_TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
CHANGES = st.dictionaries(
    st.sampled_from(list(Event.__annotations__)),
    JSON | st.datetimes().map(str) | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    min_size=1,
    max_size=3,
)
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(changes=st.lists(CHANGES | JSON, max_size=4))
async def test_no_event_holds_up_a_batch(platform: Platform, changes: list[Any]) -> None:
    """A changed event is stored or named. Its neighbours are stored, and only once."""
    before = (await platform.admin.summary("api"))["total"]
    good = [event(platform), event(platform)]
    others = [event(platform) | c if isinstance(c, dict) else c for c in changes]
    for _ in range(2):
        response = await send(platform, [good[0], *others, good[1]])
        assert response.status_code == 200, response.text
        answer = response.json()
        refused = [rejected["index"] for rejected in answer["rejected"]]
        assert set(refused) <= set(range(1, len(others) + 1))
        assert len(set(refused)) == len(refused)
        assert answer["accepted"] + answer["duplicates"] + len(refused) == len(others) + 2
    assert answer["accepted"] == 0
    stored = (await platform.admin.summary("api"))["total"] - before
    # A changed event may be stored too, and lie outside of the last day.
    assert 2 <= stored <= len(others) + 2 - len(refused)


@relaxed
@given(body=st.binary() | JSON.map(json.dumps).map(str.encode))
async def test_a_body_that_is_no_batch_is_refused(platform: Platform, body: bytes) -> None:
    """It is 400, with a reason, unless it happens to be an array."""
    response = await send_raw(platform, body)
    if response.status_code == 200:
        assert len(json.loads(body)) == len(response.json()["rejected"])
    else:
        assert response.status_code == 400
        assert response.json().keys() == {"error", "message"}


@relaxed
@given(query=st.dictionaries(
    st.sampled_from([
        "startDate", "endDate", "duration", "apiIds", "apiVersionIds", "pathPrefix", "fields",
        "maxResults", "format", "groupBy",
    ]),
    st.text() | st.integers().map(str) | st.datetimes(timezones=st.timezones()).map(str),
))  # fmt: skip
async def test_no_question_breaks_an_answer(platform: Platform, query: dict[str, str]) -> None:
    """Every parameter of the export and the summary is answered, or refused with a reason."""
    defaults = {"format": "json", "groupBy": "api"}
    for path in ("events", "summary"):
        response = await platform.anyone.get(
            f"{platform.analytics}/{path}",
            params=defaults | query,
            headers=platform.admin.authorization,
        )
        assert response.status_code in (200, 400), response.text
        if response.status_code == 400:
            assert response.json().keys() == {"error", "message"}


@pytest.mark.parametrize(
    "value",
    ["[" * 900 + "]" * 900, "1" * 5000, "-" + "9" * 5000, "1e999", "NaN", '"\\ud83d"', '"\\u0000"'],
)
@pytest.mark.parametrize("name", ["client_id", "request_bytes", "received_ts", "policy_violation"])
async def test_a_value_that_few_readers_take_spoils_its_event_alone(
    platform: Platform, name: str, value: str
) -> None:
    """Deep nesting, numbers of thousands of digits, half a surrogate pair, NUL."""
    bad = json.dumps(event(platform) | {name: "HERE"}).replace('"HERE"', value)
    batch = f"[{json.dumps(event(platform))},{bad}]"
    answer = (await send_raw(platform, batch.encode())).json()
    assert answer["accepted"] == 1
    [rejected] = answer["rejected"]
    assert rejected["error"].startswith(name)


async def test_many_bad_events_make_no_huge_answer(platform: Platform) -> None:
    """A gateway that could not take the answer would send the batch again and again."""
    bad = dict.fromkeys(Event.__annotations__, True)
    response = await send(platform, [bad] * 500)
    assert len(response.json()["rejected"]) == 500
    assert len(response.content) < 500 * 300


async def test_a_batch_that_nests_without_end_is_refused(platform: Platform) -> None:
    """The reader's limit is an answer, not a failure."""
    response = await send_raw(platform, b"[" + b'{"a":' * 100_000)
    assert response.status_code == 400
    assert "nests too deeply" in response.json()["message"]


async def test_huge_sizes_can_be_summed_up(platform: Platform) -> None:
    """More bytes than 64 bits hold make no summary fail."""
    for _ in range(3):
        sizes = {"request_bytes": 2**53, "response_bytes": 2**53}
        await send(platform, [event(platform, **sizes) for _ in range(400)])
    [group] = (await platform.admin.summary("api"))["groups"]
    assert group["requestBytes"] == group["responseBytes"] == 1200 * 2**53


async def test_the_total_counts_groups_that_are_not_shown(platform: Platform) -> None:
    """At most 1,000 groups are in an answer, but all requests are in its total."""
    for start in range(0, 1200, 400):
        clients = [f"client-{number}" for number in range(start, start + 400)]
        await send(platform, [event(platform, client_id=client) for client in clients])
    await send(platform, [event(platform, client_id="client-7", event_id=str(uuid.uuid4()))])
    answer = await platform.admin.summary("application")
    assert len(answer["groups"]) == 1000
    assert answer["groups"][0]["count"] == 2
    assert answer["total"] == 1201
    assert (await platform.admin.summary("application", apiIds="999"))["total"] == 0
