"""Pages of alerts: the list, the form, the test button, and home."""

import json
import re
from typing import Any

import pytest

from control_plane.app import alert_watch
from control_plane.database_address import parse_address
from control_plane.settings import Settings
from control_plane.store.tables import Alert
from tests.control_plane.conftest import Platform
from tests.control_plane.events import event, send
from tests.control_plane.pages.visitor import Visitor, version_in
from tests.rig.notice_receivers import MailReceiver, WebhookReceiver

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ALERT: dict[str, Any] = {
    "name": "Orders fail",
    "api": "1",
    "severity": "CRITICAL",
    "kind": "api-error-rate",
    "operator": "GREATER_THAN",
    "threshold": "2.5",
    "percent": "95",
    "period_count": "5",
    "period_unit": "MINUTES",
    "periods": "1",
    "minimum": "10",
    "repeat_minutes": "60",
    "enabled": "true",
    "mails": "ops@shop.test\ndev@shop.test",
    "webhook_url": "",
}


@pytest.fixture
def settings(database: str, mail: MailReceiver) -> Settings:
    """Settings with which notices reach this machine."""
    return Settings(database=parse_address(database), **mail.settings)


@pytest.fixture
async def alerts(owner: Visitor, platform: Platform) -> str:
    """The path of the alerts of an environment with an API."""
    await platform.admin.create_api("orders")
    return f"{owner.home}/alerts"


def stored(platform: Platform) -> Alert:
    """The first alert."""
    with platform.services.database.read() as session:
        return session.get_one(Alert, 1)


async def test_an_alert_is_made_tested_and_deleted(
    owner: Visitor, alerts: str, webhook: WebhookReceiver, mail: MailReceiver
) -> None:
    """The signing secret is shown once; the test says what became of each notice."""
    assert "There is no alert yet." in await owner.page(alerts)
    made = await owner.send(f"{alerts}/new", **ALERT | {"webhook_url": webhook.url})
    assert made.status_code == 200
    secret = re.search(r"<pre[^>]*>([^<]{40,})</pre>", made.text)
    assert secret is not None
    page = await owner.page(f"{alerts}/1")
    assert "more than 2.5 % server errors over 5 minutes" in page
    assert "not judged yet" in page
    origin = webhook.url.partition("/hook")[0]
    assert f"webhook to {origin}" in page
    assert secret[1] not in page
    assert "of-the-url" not in page + await owner.page(f"{alerts}/1/edit")
    tested = await owner.send(f"{alerts}/1/test")
    assert tested.status_code == 200
    assert tested.text.count("</span> sent</span>") == 6
    [request] = webhook.requests
    notice = json.loads(request.body)
    assert notice["event"] == "test"
    assert notice["link"] == f"https://console.test{alerts}/1"
    assert sorted(each["To"] for each in mail.mails) == ["dev@shop.test", "ops@shop.test"]
    mail.answer, webhook.status = "451 try later", 500
    failed = (await owner.send(f"{alerts}/1/test")).text
    assert "the answer has status 500, expected 2xx" in failed
    assert "the mail server answers 451" in failed
    assert "The alert Orders fail is deleted." in await owner.confirmed(f"{alerts}/1/delete")
    assert (await owner.open(f"{alerts}/1")).status_code == 404
    audit = await owner.page("/audit?kind=alert")
    assert "set webhook" in audit.replace("_", " ")
    assert "of-the-url" not in audit


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": ""}, "Fill in this field."),
        ({"name": "a\u202eb"}, "invisible characters"),
        ({"api": "99"}, "API instance 99 not found"),
        ({"api": "x"}, "Choose one of the APIs."),
        ({"kind": "weather"}, "What is measured</a>: Choose one of those in the list."),
        ({"threshold": "x"}, "Write a number."),
        ({"threshold": "nan"}, "finite"),
        ({"threshold": "100"}, "Must be under 100, because it is in percent."),
        ({"threshold": "-1"}, "The least is 0."),
        ({"period_count": "0"}, 'period_count">Over a period of</a>: The least is 1.'),
        ({"period_count": "1440", "periods": "2"}, "count in hours or days"),
        ({"period_count": "31", "period_unit": "DAYS"}, "have at most 30 days."),
        ({"kind": "adapter-silence"}, "leave the API out."),
        ({"kind": "adapter-silence", "threshold": "0"}, "from 1 to 10,080 minutes."),
        ({"kind": "event-loss", "period_count": "2", "period_unit": "DAYS"}, "within a day"),
        ({"kind": "event-loss", "operator": "LESS_THAN"}, "Must be &#34;more than&#34; for"),
        ({"operator": "LESS_THAN", "threshold": "0"}, "Must be over 0"),
        ({"threshold": "1e13"}, "The most is 1,000,000,000,000."),
        (
            {"kind": "event-loss", "periods": "2"},
            "Must be 1 for &#34;Number of events lost by adapters&#34;.",
        ),
        ({"mails": "ops"}, "ops is no mail address."),
        ({"mails": "\n".join(f"a{n}@b.test" for n in range(21))}, "at most 20 addresses"),
        ({"webhook_url": "ftp://x"}, "Webhook</a>: Must be a URL such as https://"),
        ({"webhook_url": "http://169.254.169.254/latest"}, "a link-local or metadata address"),
        ({"webhook_url": "https://user:pw@hooks.test/"}, "neither a user nor a fragment"),
    ],
)
async def test_what_makes_no_sense_is_named(
    owner: Visitor, alerts: str, platform: Platform, fields: dict[str, str], expected: str
) -> None:
    """The form comes back with what was typed, and nothing is stored."""
    response = await owner.send(f"{alerts}/new", **ALERT | fields)
    assert response.status_code in (400, 404), response.text
    assert expected in response.text
    assert "There is no alert yet." in await owner.page(alerts)


async def test_an_alert_is_changed(
    owner: Visitor, alerts: str, platform: Platform, webhook: WebhookReceiver
) -> None:
    """An empty webhook keeps the old one; a tick removes it. A second writer sees both versions."""
    await owner.send(f"{alerts}/new", **ALERT | {"webhook_url": webhook.url, "api": "all"})
    sealed = stored(platform).webhook_secret
    page = await owner.page(f"{alerts}/1/edit")
    assert "the whole environment" in page
    assert "ops@shop.test\ndev@shop.test</textarea>" in page
    first = version_in(page)
    changed = ALERT | {"version": first, "threshold": "50", "kind": "api-request-count"}
    assert "more than 50 requests in 5 minutes" in await owner.done(f"{alerts}/1/edit", **changed)
    assert stored(platform).webhook_secret == sealed
    stale = await owner.send(f"{alerts}/1/edit", **ALERT | {"version": first})
    assert stale.status_code == 412
    assert "Threshold" in stale.text
    wrong = await owner.send(
        f"{alerts}/1/edit",
        **ALERT | {"version": version_in(stale.text), "webhook_url": "nothing"},
    )
    assert (wrong.status_code, "Must be a URL" in wrong.text) == (400, True)
    gone = ALERT | {"version": version_in(wrong.text), "remove_webhook": "true", "enabled": ""}
    page = await owner.done(f"{alerts}/1/edit", **gone)
    assert "turned off" in page
    assert stored(platform).webhook_secret is None
    assert "The alert has no recipient" in (await _test_without_recipients(owner, alerts))


async def _test_without_recipients(owner: Visitor, alerts: str) -> str:
    version = version_in(await owner.page(f"{alerts}/1/edit"))
    await owner.done(f"{alerts}/1/edit", **ALERT | {"version": version, "mails": ""})
    return (await owner.send(f"{alerts}/1/test")).text


async def test_triggered_alerts_are_on_the_first_page(
    owner: Visitor, viewer: Visitor, alerts: str, platform: Platform
) -> None:
    """With a link; the list can show them alone. A viewer sees all, and changes nothing."""
    for number in range(7):
        await owner.done(f"{alerts}/new", **ALERT | {"name": f"Alert {number}"})
    await owner.done(f"{alerts}/new", **ALERT | {"name": "Another", "api": "all"})
    assert "Triggered alerts" not in await owner.page(owner.home)
    await send(platform, [event(platform, status_code=500) for _ in range(20)])
    platform.clock.move(minutes=2)
    await alert_watch(platform.services, "").judge()
    home = await viewer.page(viewer.home)
    assert home.count("/alerts/") == 5
    assert f'{alerts}?show=triggered">3 more' in home
    shown = await viewer.page(f"{alerts}?show=triggered&q=Alert&api=1")
    assert "7 of 7" in shown
    assert "Another" not in shown
    page = await viewer.page(f"{alerts}/1")
    assert "100 %" in page
    assert "triggered" in page
    assert "waiting" in page
    assert "Send a test notice" not in page
    for path in ("new", "1/edit", "1/delete"):
        assert (await viewer.open(f"{alerts}/{path}")).status_code == 403
        assert (await viewer.send(f"{alerts}/{path}", **ALERT)).status_code == 403
    assert (await viewer.send(f"{alerts}/1/test")).status_code == 403
    assert (await viewer.open(f"{alerts}?api=9")).status_code == 404
