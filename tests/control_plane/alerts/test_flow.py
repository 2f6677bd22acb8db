"""From events to people: an alert triggers, repeats and recovers."""

import hashlib
import hmac
import json
from asyncio import gather

import pytest

from control_plane.alerts import alerts
from control_plane.alerts.alerts import webhook_of
from control_plane.store.tables import Alert
from tests.control_plane.alerts.conftest import CONSOLE, Site
from tests.rig.notice_receivers import MailReceiver, WebhookReceiver

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@SQLITE
async def test_people_hear_of_errors_and_of_the_recovery(
    site: Site, webhook: WebhookReceiver, mail: MailReceiver
) -> None:
    """By webhook, signed, and by mail, with names, numbers and a link."""
    alert = site.add(webhook=webhook.url)
    await site.minutes(0)
    assert site.standing(alert).word == "no data"
    await site.traffic(90)
    await site.minutes(2)
    assert site.standing(alert).word == "ok"
    await site.traffic(80, bad=20)
    began = site.platform.clock.now()
    await site.minutes(2)
    standing = site.standing(alert)
    assert (standing.word, round(standing.value or 0, 1)) == ("triggered", 10.5)
    [request] = webhook.requests
    notice = json.loads(request.body)
    assert notice["event"] == "triggered"
    assert notice["alert"] == {
        "id": alert.uid,
        "name": "Orders fail",
        "severity": "CRITICAL",
        "type": "api-error-rate",
    }
    assert notice["api"] == {"id": site.api_id, "name": "orders"}
    assert notice["environment"]["name"] == "Production"
    assert notice["condition"] == "more than 5 % server errors over 5 minutes"
    assert (notice["value"], notice["threshold"], notice["unit"]) == (standing.value, 5.0, "%")
    assert notice["since"] > began.isoformat()
    assert notice["link"] == f"{CONSOLE}/environments/{site.environment_id}/alerts/{alert.id}"
    assert_signed(site, alert, webhook)
    [letter] = mail.mails
    assert letter["Subject"] == "[CRITICAL] Orders fail is triggered"
    assert (letter["From"], letter["To"]) == ("alerts@shop.test", "ops@shop.test")
    text = letter.get_content().replace("\r\n", "\n")
    assert "API: orders (API instance 1)" in text
    assert "Measured: 10.53 %\nThreshold: 5 %" in text
    assert notice["link"] in text
    await site.traffic(100)
    await site.minutes(2)
    assert len(mail.mails) == 1
    await site.traffic(100)
    await site.minutes(4)
    assert site.standing(alert).word == "ok"
    assert [json.loads(each.body)["event"] for each in webhook.requests] == [
        "triggered",
        "recovered",
    ]
    assert mail.mails[1]["Subject"] == "[CRITICAL] Orders fail has recovered"
    assert json.loads(webhook.requests[1].body)["since"] == notice["since"]
    assert site.outcomes(alert) == [["sent", "sent"]] * 2
    assert (site.standing(alert).sent, site.standing(alert).failed) == (4, 0)


def assert_signed(site: Site, alert: Alert, webhook: WebhookReceiver) -> None:
    """The receiver can tell that the notice is ours."""
    request = webhook.requests[0]
    with site.platform.services.database.read() as session:
        sealed = alerts.get(session, site.environment_id, alert.id).webhook_secret
    assert sealed is not None
    assert "of-the-url" not in sealed
    secret = webhook_of(sealed, site.platform.services.delivery.sealing.seal).secret
    signed = request.headers["X-Alert-Timestamp"].encode() + b"." + request.body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert request.headers["X-Alert-Signature"] == f"sha256={expected}"
    assert request.path == "/hook?token=of-the-url"
    assert request.headers["Host"] == webhook.url.split("/")[2]


async def test_several_processes_tell_once(site: Site, mail: MailReceiver) -> None:
    """Two watches work on one database, also if both have measured the same alert."""
    alert = site.add()
    await site.traffic(0, bad=20)
    site.platform.clock.move(minutes=2)
    first, second = site.watch, site.watch
    await gather(first.judge(), second.judge())
    await gather(first.deliver(), second.deliver())
    assert [each.event for each in site.history(alert)] == ["triggered"]
    assert len(mail.mails) == 1
