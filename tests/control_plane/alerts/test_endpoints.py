"""The official endpoints of alerts: what they take, refuse and hide."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from control_plane.alerts.definitions import MAX_ALERTS
from control_plane.store.tables import Alert
from tests.control_plane.conftest import Platform
from tests.control_plane.official_bodies import ALERT_EXAMPLE

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HOOK = "https://hooks.test/secret-path?token=1"
TO_HOOK = {"recipients": [{"type": "webhook", "value": HOOK}]}


@pytest.fixture
async def path(platform: Platform) -> str:
    """The path of an API's alerts."""
    return f"{platform.apis}/{(await platform.admin.create_api('orders'))['id']}/alerts"


async def test_an_alert_lives(platform: Platform, path: str) -> None:
    """A PATCH changes what it names; an answer can be sent back as it is."""
    ask = platform.admin.ask
    [made] = await ask("POST", path, ALERT_EXAMPLE | {"minimumRequests": 3, "repeatMinutes": 9})
    assert made["state"]["word"] == "not judged yet"
    assert ALERT_EXAMPLE.items() <= made.items()
    one = f"{path}/{made['id']}"
    assert await ask("GET", one) == made
    assert await ask("PATCH", one, made) == made
    condition = {"aggregate": "P99", "operator": "LESS_THAN", "value": 1.5}
    changed = await ask("PATCH", one, {"type": "api-response-time", "condition": condition})
    assert changed["condition"] == condition | {"resourceType": "api"}
    assert (changed["minimumRequests"], changed["recipients"]) == (3, made["recipients"])
    assert await ask("GET", path) == [changed]
    await ask("DELETE", one)
    assert await ask("GET", path) == []
    assert (await platform.refusal("GET", one)).status == 404


async def test_the_words_of_the_vendors_command_line_are_known(
    platform: Platform, path: str
) -> None:
    """It sends `Critical` and `api-version`, and asks for pages in an order."""
    ask = platform.admin.ask
    condition = ALERT_EXAMPLE["condition"] | {"resourceType": "api-version"}
    for name in ("b", "a", "c"):
        body = {"name": name, "severity": "Critical", "condition": condition}
        [made] = await ask("POST", path, ALERT_EXAMPLE | body)
        assert (made["severity"], made["condition"]["resourceType"]) == ("CRITICAL", "api")
    found = await ask("GET", path, sort="name", ascending="false", limit=2, offset=1)
    assert [each["name"] for each in found] == ["b", "a"]
    assert [each["name"] for each in await ask("GET", path)] == ["b", "a", "c"]
    assert await ask("GET", path, offset=3) == []
    assert "sort: 'x' is none of id, name, severity" in str(
        await platform.refusal("GET", f"{path}?sort=x")
    )


async def test_a_webhook_is_shown_without_its_path(platform: Platform, path: str) -> None:
    """Its signing secret is in one answer; what hides the path keeps the webhook."""
    ask = platform.admin.ask
    [made] = await ask("POST", path, ALERT_EXAMPLE | TO_HOOK)
    assert len(made.pop("webhookSecret")) > 40
    [hook] = made["recipients"]
    assert hook["value"] == "https://hooks.test/***"
    one = f"{path}/{made['id']}"
    assert await ask("GET", one) == made
    assert await ask("PATCH", one, made) == made
    assert "webhookSecret" in await ask("PATCH", one, TO_HOOK)
    assert (await ask("PATCH", one, {"recipients": []}))["recipients"] == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"type": "adapter-silence"}, "type: "),
        ({"type": "api-response-time"}, "condition.aggregate: must be P50 or P95 or P99"),
        ({"name": "a\nb"}, "name: "),
        ({"recipients": [{"type": "email", "value": "x"}]}, "recipients.0.value: must be a mail"),
        ({"recipients": [{"type": "user", "value": "99"}]}, "recipients: no user with a mail"),
        ({"recipients": [{"type": "user", "value": "x1"}]}, "recipients: no user with a mail"),
        ({"recipients": TO_HOOK["recipients"] * 2}, "recipients: an alert has one webhook"),
        ({"recipients": [{"type": "webhook", "value": "http://169.254.0.1/"}]},
         "recipients: 169.254.0.1 is a link-local"),
        ({"period": {"repeat": 2, "duration": {"count": 16, "weight": "DAYS"}}},
         "period.duration.count: all periods together have at most 30 days"),
        ({"period": {"repeat": 0, "duration": {"count": 1, "weight": "DAYS"}}}, "period.repeat: "),
        ({"color": "red"}, "color: unknown field"),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_named(
    platform: Platform, path: str, body: dict[str, Any], expected: str
) -> None:
    """By the members of the document, and nothing is stored."""
    refused = await platform.refusal("POST", path, ALERT_EXAMPLE | body)
    assert refused.status == 400
    assert expected in str(refused)
    assert await platform.admin.ask("GET", path) == []


async def test_an_environment_has_a_limit(platform: Platform, path: str) -> None:
    """So that a script that makes alerts again and again does not fill the rounds."""
    [made] = await platform.admin.ask("POST", path, ALERT_EXAMPLE)
    with platform.services.database.write() as session:
        first = session.scalars(select(Alert)).one()
        columns = {column.key for column in Alert.__table__.columns} - {"id", "uid"}
        row = {name: getattr(first, name) for name in columns}
        session.execute(insert(Alert), [row | {"uid": f"u{n}"} for n in range(MAX_ALERTS - 1)])
    refused = await platform.refusal("POST", path, ALERT_EXAMPLE)
    assert f"has {MAX_ALERTS} alerts already" in str(refused)
    assert made["id"] != "u0"


async def test_alerts_of_others_are_not_found(platform: Platform, path: str) -> None:
    """Neither by the path of another API, nor by a name that is no id."""
    [made] = await platform.admin.ask("POST", path, ALERT_EXAMPLE)
    other = (await platform.admin.create_api("other"))["id"]
    for wrong in (f"{platform.apis}/{other}/alerts/{made['id']}", f"{path}/none"):
        for method, body in (("GET", None), ("PATCH", {"enabled": False}), ("DELETE", None)):
            assert (await platform.refusal(method, wrong, body)).status == 404
