"""The watch runs with the server, survives failures, and forgets what it knew of a changed rule."""

import asyncio
from datetime import timedelta

import pytest

from control_plane.alerts import alerts, evaluation
from control_plane.alerts.watch import again_and_again
from control_plane.app import create_app
from control_plane.store.tables import Alert
from tests.control_plane.alerts.conftest import Site
from tests.rig.notice_receivers import MailReceiver
from tests.rig.polling import until

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@SQLITE
async def test_it_runs_as_long_as_the_server(site: Site, mail: MailReceiver) -> None:
    """Judgements and deliveries begin with the server and end with it."""
    site.add()
    await site.traffic(0, bad=20)
    site.platform.clock.move(minutes=2)
    app = create_app(site.platform.services, "https://console.test/")
    async with app.router.lifespan_context(app):
        await until(lambda: mail.mails)
        watching = [task for task in asyncio.all_tasks() if "again_and_again" in repr(task)]
    assert "Page: https://console.test/environments/" in mail.mails[0].get_content()
    assert [task.done() for task in watching] == [True, True]


async def test_a_failure_ends_one_round_only(capsys: pytest.CaptureFixture[str]) -> None:
    """The log says that it failed, and the next round works."""
    rounds, worked = 0, asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise RuntimeError("the database is away")
        worked.set()

    task = asyncio.create_task(again_and_again("judging", work, 0))
    await worked.wait()
    task.cancel()
    await asyncio.wait([task])
    logged = capsys.readouterr().out
    assert "alerts.round_failed" in logged
    assert "the database is away" in logged


@SQLITE
async def test_a_result_of_an_older_rule_does_not_count(site: Site) -> None:
    """Nor one that somebody else has measured later, or of an alert that is turned off."""
    alert = site.add()
    await site.traffic(0, bad=20)
    site.platform.clock.move(minutes=2)
    services, now = site.platform.services, site.platform.clock.now()
    taken = evaluation.take(services.database, now, timedelta(seconds=30))
    assert evaluation.take(services.database, now, timedelta(seconds=30)) == []
    results = evaluation.measure_all(services.database, services.events, taken, now)
    for columns in ({"threshold": 99.0}, {"threshold": 5.0, "enabled": False}):
        with services.database.write() as session:
            alerts.change(site.transaction(session), session.get_one(Alert, alert.id), columns)
        assert evaluation.write(services.database, results, now) == []
    with services.database.write() as session:
        changed = {"enabled": True}
        alerts.change(site.transaction(session), session.get_one(Alert, alert.id), changed)
    assert [event for _, event in evaluation.write(services.database, results, now)] == [
        "triggered"
    ]
    assert evaluation.write(services.database, results, now) == []
    assert len(site.history(alert)) == 1
