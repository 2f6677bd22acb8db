"""Deliveries that fail: back-off, giving up, news, and what must not be followed or shown."""

import json
import ssl
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from control_plane.alerts import alerts, outbox
from control_plane.alerts.alerts import Sealing, Webhook
from control_plane.alerts.delivery import Delivery
from control_plane.alerts.mail import MailServer
from control_plane.alerts.outbox import MAX_NOTICES, MAX_WAITING, Channel, Letter
from control_plane.alerts.rules import Event
from control_plane.errors import Conflict
from control_plane.settings import Security
from control_plane.store.sealing import BrokenSealError, Seal
from control_plane.store.tables import Alert, AlertDelivery, User
from tests.control_plane.alerts.conftest import Site
from tests.rig.certificates import Authority
from tests.rig.notice_receivers import (
    MailReceiver,
    WebhookReceiver,
    mail_receiver,
    webhook_receiver,
)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NOTICE = {
    "id": "1",
    "event": "test",
    "at": "now",
    "alert": {"id": "u", "name": "Orders fail", "severity": "INFO", "type": "api-request-count"},
    "environment": {"name": "Production"},
    "api": None,
    "condition": "c",
    "value": None,
    "threshold": 1.0,
    "since": None,
    "detail": "",
    "link": "/",
}


def mail_to(address: str = "ops@shop.test") -> Letter:
    """A notice for somebody."""
    return Letter(0, Channel.MAIL, address, NOTICE, None)


def posted(delivery: Delivery, url: str) -> Letter:
    """A notice for a webhook."""
    webhook = Webhook(url, "s3cret")
    sealed = delivery.sealing.seal.close(json.dumps(webhook))
    return Letter(0, Channel.WEBHOOK, "https://hooks.test", NOTICE, sealed)


async def test_failures_are_tried_again_more_and_more_slowly(
    site: Site, webhook: WebhookReceiver
) -> None:
    """After six attempts the notice is given up, counted and shown."""
    webhook.status = 500
    alert = site.add(webhook=webhook.url, recipients=[], repeat_minutes=0)
    await site.traffic(0, bad=20)
    await site.minutes(2)
    attempts = [site.platform.clock.now()]
    for _ in range(35):
        await site.minutes(0.5)
        if len(webhook.requests) > len(attempts):
            attempts.append(site.platform.clock.now())
    gaps = [(b - a).total_seconds() for a, b in pairwise(attempts)]
    assert gaps == [30, 60, 120, 240, 480]
    [notice] = site.history(alert)
    [delivery] = notice.deliveries
    assert (delivery.outcome, delivery.attempts) == ("failed", 6)
    assert delivery.error == "the answer has status 500, expected 2xx"
    assert (site.standing(alert).sent, site.standing(alert).failed) == (0, 1)


async def test_news_replaces_a_notice_that_waits(site: Site, webhook: WebhookReceiver) -> None:
    """A receiver that comes back does not hear of the old state after the new one."""
    webhook.status = 500
    alert = site.add(webhook=webhook.url, recipients=[])
    await site.traffic(0, bad=20)
    await site.minutes(2)
    await site.traffic(100)
    await site.minutes(5.2)
    webhook.status = 204
    await site.minutes(5)
    assert site.outcomes(alert) == [["replaced"], ["sent"]]
    events = [request.body.split(b'"event": "')[1][:9] for request in webhook.requests]
    assert events[-1] == b"recovered"


async def test_a_process_that_dies_loses_no_notice(site: Site, mail: MailReceiver) -> None:
    """Another one takes what it took, when the lease ends."""
    site.add()
    await site.traffic(0, bad=20)
    site.platform.clock.move(minutes=2)
    await site.watch.judge()
    with site.platform.services.database.write() as session:
        assert len(outbox.take(session, site.platform.clock.now(), 10)) == 1
    await site.minutes(1)
    assert mail.mails == []
    await site.minutes(1)
    assert len(mail.mails) == 1


def crowd(site: Site, number: int) -> None:
    """Deliveries of another alert, which wait for later."""
    other, later = site.add(enabled=False), site.platform.clock.now() + timedelta(days=1)
    with site.platform.services.database.write() as session:
        outbox.add(session, other, Event.TRIGGERED, NOTICE, later)
        session.flush()
        [first] = session.scalars(select(AlertDelivery))
        columns = {column.key for column in AlertDelivery.__table__.columns} - {"id"}
        row = {name: getattr(first, name) for name in columns}
        session.execute(insert(AlertDelivery), [row] * (number - 1))


async def test_the_outbox_and_the_history_are_bounded(site: Site) -> None:
    """What has no room is counted as failed."""
    crowd(site, MAX_WAITING - 1)
    recipients = [{"type": "email", "value": f"{name}@shop.test"} for name in "ab"]
    alert = site.add(recipients=recipients)
    await site.traffic(0, bad=20)
    site.platform.clock.move(minutes=2)
    await site.watch.judge()
    assert site.outcomes(alert) == [["waiting", "dropped"]]
    assert site.standing(alert).failed == 1
    with site.platform.services.database.write() as session:
        row = alerts.get(session, site.environment_id, alert.id)
        for _ in range(MAX_NOTICES + 5):
            outbox.add(session, row, Event.REPEATED, NOTICE, site.platform.clock.now())
    assert len(site.history(alert)) == MAX_NOTICES


async def test_users_get_mail_at_their_address(site: Site, mail: MailReceiver) -> None:
    """As long as they have one, and may log in."""
    with site.platform.services.database.write() as session:
        session.execute(update(User).values(email="admin@shop.test"))
    alert = site.add(recipients=[{"type": "user", "value": "1"}])
    await site.traffic(0, bad=20)
    await site.minutes(2)
    assert [each["To"] for each in mail.mails] == ["admin@shop.test"]
    with site.platform.services.database.write() as session:
        session.execute(update(User).values(enabled=False))
        assert outbox.targets(session, session.get_one(Alert, alert.id)) == []


async def test_an_alert_that_is_deleted_meanwhile_hurts_nobody(site: Site) -> None:
    """Neither while it is measured nor while a notice is on its way."""
    alert = site.add()
    await site.traffic(0, bad=20)
    site.platform.clock.move(minutes=2)
    await site.watch.judge()
    with site.platform.services.database.write() as session:
        now = site.platform.clock.now()
        [letter] = outbox.take(session, now, 10)
        alerts.delete(site.transaction(session), session.get_one(Alert, alert.id))
    with site.platform.services.database.write() as session:
        assert outbox.settle(session, letter.delivery_id, "", now) is None
        assert session.query(AlertDelivery).count() == 0


async def test_redirects_are_not_followed(site: Site, webhook: WebhookReceiver) -> None:
    """They could lead to an address that is not allowed."""
    webhook.status, webhook.location = 302, webhook.url
    delivery = site.platform.services.delivery
    error = await delivery.attempt(posted(delivery, webhook.url), "")
    assert error == "the answer has status 302, expected 2xx"
    assert len(webhook.requests) == 1


async def test_webhooks_that_can_not_be_reached(site: Site, webhook: WebhookReceiver) -> None:
    """The reason names no part of the URL, which may be a secret."""
    delivery = site.platform.services.delivery
    strict = replace(delivery, sealing=Sealing(delivery.sealing.seal, loopback=False))
    for url, expected in (
        ("http://127.0.0.1:1/secret-path", "the connection failed"),
        ("https" + webhook.url.removeprefix("http"), "the connection failed"),
        ("http://no-such-host.invalid/secret-path", "can't be resolved"),
    ):
        error = await delivery.attempt(posted(delivery, url), "")
        assert expected in error
        assert "secret-path" not in error
    error = await strict.attempt(posted(strict, webhook.url), "")
    assert "127.0.0.1 is a loopback address" in error
    assert await delivery.attempt(Letter(0, Channel.WEBHOOK, "x", NOTICE, None), "") == (
        "the alert has no webhook any more"
    )
    assert webhook.requests == []


async def test_a_webhook_needs_a_trusted_certificate(site: Site, tmp_path: Path) -> None:
    """An unknown authority is refused."""
    issued = Authority(tmp_path).issue("hook")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*issued)
    async with webhook_receiver(context) as receiver:
        delivery = site.platform.services.delivery
        error = await delivery.attempt(posted(delivery, receiver.url), "")
        assert error == "the connection failed"
        assert receiver.requests == []


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_mail_is_encrypted_and_sent_with_a_login(
    site: Site, tmp_path: Path, security: Security
) -> None:
    """With a password from a file, which is read each time."""
    authority = Authority(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue("mail"))
    tls = {"tls" if security is Security.TLS else "starttls": context}
    password = tmp_path / "password"
    password.write_text("wrong\n")
    async with mail_receiver(**tls, login=True) as receiver:
        server = MailServer(
            "127.0.0.1",
            receiver.port,
            security,
            "alerts@shop.test",
            "robot",
            password,
            authority.certificate,
        )
        delivery = replace(site.platform.services.delivery, mail_server=server)
        error = await delivery.attempt(mail_to(), "")
        assert error == "the mail server answers 535"
        password.write_text("right\n")
        assert await delivery.attempt(mail_to(), "") == ""
        assert {*receiver.logins} == {("robot", "wrong"), ("robot", "right")}
        assert receiver.mails[0]["Subject"] == "[INFO] Orders fail was tested; this is no alarm"
        unknown = replace(server, ca_file=None)
        untrusting = replace(delivery, mail_server=unknown)
        assert "SSLCertVerificationError" in await untrusting.attempt(mail_to(), "")


async def test_mail_servers_that_refuse(site: Site, mail: MailReceiver) -> None:
    """The reason says what the operator has to look at."""
    delivery = site.platform.services.delivery
    mail.refused = "ops@shop.test"
    assert "refuses the recipient (550)" in await delivery.attempt(mail_to(), "")
    assert delivery.mail_server is not None
    plain = replace(delivery.mail_server, security=Security.STARTTLS)
    error = await replace(delivery, mail_server=plain).attempt(mail_to(), "")
    assert error == "the mail server can't be used (SMTPNotSupportedError)"
    gone = replace(delivery.mail_server, port=1)
    assert "ConnectionRefusedError" in await replace(delivery, mail_server=gone).attempt(
        mail_to(), ""
    )
    none = replace(delivery, mail_server=None)
    assert "set POLICY_CONTROL_PLANE_SMTP_HOST" in await none.attempt(mail_to(), "")


def test_a_seal_needs_its_key(database: str, tmp_path: Path) -> None:
    """The key file is private, and a lost or another one is named."""
    path = tmp_path / "seal.key"
    sealed = Seal(path).close("s3cret")
    assert "s3cret" not in sealed
    assert path.stat().st_mode & 0o777 == 0o600
    assert Seal(path).open(sealed) == "s3cret"
    other = tmp_path / "other.key"
    Seal(other).close("")
    for key, expected in (
        (other, "another key file"),
        (tmp_path / "none.key", "is missing"),
        (None, "is missing"),
    ):
        with pytest.raises(BrokenSealError, match=expected):
            Seal(key).open(sealed)
    with pytest.raises(Conflict, match="SEAL_KEY_FILE"):
        Seal(None).close("")
    with pytest.raises(Conflict, match="can't be written"):
        Seal(tmp_path / "no" / "folder.key").close("")
    other.write_text("no key")
    with pytest.raises(BrokenSealError, match="can't be used"):
        Seal(other).open(sealed)
