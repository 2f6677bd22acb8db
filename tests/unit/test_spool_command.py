"""`policy-adapter spool`: what an operator sees of a spool file, and does with it."""

import json
import os
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapter.analytics.spool.row_values import State
from adapter.analytics.spool.rows import SpoolRows
from adapter.cli import app
from tests.unit.analytics.spooling import Rig, numbered, rest_of, taken, written

DAY_MS = 86_400_000
REASON = "POST /v2/analytics/events: 400 Bad Request"


@pytest.fixture
async def rig(tmp_path: Path) -> Rig:
    """A spool with a quarantined batch and two that wait."""
    rig = Rig(tmp_path)
    async with rig.spool() as spool:
        await written(spool, [b'{"path":"/orders/1"}', b'{"path":"/orders/2"}'])
        await spool.quarantine(await taken(spool), REASON)
        await written(spool, [])
        await written(spool, numbered(1, 1000))
        await written(spool, numbered(1001, 1001))
    now_ms = int(time.time() * 1000)
    rig.operate(lambda rows: _date(rows, now_ms - 3 * DAY_MS))
    return rig


def _date(rows: SpoolRows, written_ms: int) -> None:
    rows._connection.execute("UPDATE batches SET written_ms = ?", (written_ms,))


def spool(rig: Rig, *arguments: str) -> Result:
    """What the command says."""
    return CliRunner().invoke(app, ["spool", *arguments, "--file", str(rig.path)])


def ids(rig: Rig, state: State) -> list[str]:
    """The ids of the batches in this state."""
    return rig.operate(lambda rows: [str(row.row_id) for row in rows.rows(state)])


def test_the_list_for_people(rig: Rig) -> None:
    """Oldest first, with columns as wide as they must be."""
    (quarantined,), (first, second) = ids(rig, State.QUARANTINED), ids(rig, State.PENDING)
    assert spool(rig, "list").stdout.splitlines() == [
        "ID             STATE        EVENTS  BYTES  AGE  REASON",
        f"{quarantined}  quarantined  2       40     3 d  {REASON}",
        f"{first}  pending      1,000   3,001  3 d",
        f"{second}  pending      1       4      3 d",
        "",
        "together: 3 batches, 1,003 events",
    ]
    assert spool(rig, "list", "--state", "pending", "--limit", "1").stdout.splitlines()[1:] == [
        f"{first}  pending  1,000   3,001  3 d",
        "... and 1 more batches",
        "",
        "together: 2 batches, 1,001 events",
    ]


def test_the_list_for_programs(rig: Rig) -> None:
    """Times are in UTC, as in events."""
    (item,) = json.loads(spool(rig, "list", "--state", "quarantined", "--json").stdout)
    assert item.pop("written").endswith("Z")
    assert item == {
        "id": int(ids(rig, State.QUARANTINED)[0]),
        "state": "quarantined",
        "events": 2,
        "bytes": 40,
        "reason": REASON,
    }


def test_one_batch_with_its_events(rig: Rig) -> None:
    """One event a line."""
    (batch,) = ids(rig, State.QUARANTINED)
    lines = spool(rig, "show", batch).stdout.splitlines()
    assert lines[1:] == [
        f"{batch}  quarantined  2       40     3 d  {REASON}",
        "",
        '{"path":"/orders/1"}',
        '{"path":"/orders/2"}',
    ]
    shown = json.loads(spool(rig, "show", batch, "--json").stdout)
    assert shown["content"] == [{"path": "/orders/1"}, {"path": "/orders/2"}]


@pytest.mark.parametrize("how", ["by id", "--all"])
async def test_a_retried_batch_is_uploaded_after_the_others(rig: Rig, how: str) -> None:
    """It keeps its events, and so their ids."""
    chosen = ids(rig, State.QUARANTINED) if how == "by id" else [how]
    assert spool(rig, "retry", *chosen).stdout == "to be uploaded again: 1 batch, 2 events\n"
    assert ids(rig, State.QUARANTINED) == []
    async with rig.spool(spool_max_age_s=1e12) as events:
        assert (await rest_of(events))[-2:] == [b'{"path":"/orders/1"}', b'{"path":"/orders/2"}']


def test_deleting_needs_a_yes(rig: Rig) -> None:
    """Without it, the command says what it would do, and changes nothing."""
    result = spool(rig, "delete", "--all")
    assert result.exit_code == 2
    assert result.stderr == "policy-adapter: add --yes to delete 1 batch, 2 events for good\n"
    assert len(ids(rig, State.QUARANTINED)) == 1
    pending = ids(rig, State.PENDING)[0]
    assert spool(rig, "delete", pending, "--yes").stdout == "deleted: 1 batch, 1,000 events\n"
    assert spool(rig, "delete", "--all", "--yes").stdout == "deleted: 1 batch, 2 events\n"
    assert rig.operate(lambda rows: len(list(rows.rows()))) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["show", "7"], "no such batch: 7; it may be uploaded already"),
        (["retry", "7", "8"], "no such batch: 7, 8; it may be uploaded already"),
        (["retry"], "name the ids of batches, or use --all for all quarantined ones"),
        (["delete", "7", "--all"], "name the ids of batches, or use --all for all quarantined"),
    ],
    ids=["show", "retry", "nothing", "both"],
)
def test_what_cannot_be_done(rig: Rig, arguments: list[str], complaint: str) -> None:
    """The message says why."""
    result = spool(rig, *arguments)
    assert (result.exit_code, complaint in result.stderr) == (2, True), result.stderr


def test_a_batch_that_waits_is_not_retried(rig: Rig) -> None:
    """It is on its way."""
    pending = ids(rig, State.PENDING)[0]
    assert f"not quarantined: {pending}; it waits already" in spool(rig, "retry", pending).stderr


def test_files_that_are_no_spool(tmp_path: Path) -> None:
    """They are named, and stay as they are."""
    rig = Rig(tmp_path)
    assert f"{rig.path}: there is no spool file" in spool(rig, "list").stderr
    rig.path.write_text("x" * 5_000)
    assert "cannot be used: file is not a database" in spool(rig, "list").stderr
    assert os.listdir(tmp_path) == ["events.spool"]


def test_the_settings_name_the_file(rig: Rig, tmp_path: Path) -> None:
    """It is in the state directory, if there is one."""
    names = ("organization_id", "environment_id", "client_id", "client_secret")
    settings = {"platform": {"base_url": "http://127.0.0.1:9", **dict.fromkeys(names, "x")}}
    config = tmp_path / "adapter.yaml"
    config.write_text(yaml.safe_dump(settings))
    command = ["spool", "list", "--config", str(config)]
    assert "the settings keep events in memory" in CliRunner().invoke(app, command).stderr
    config.write_text(yaml.safe_dump(settings | {"state_directory": str(tmp_path)}))
    assert "together: 3 batches" in CliRunner().invoke(app, command).stdout
    (tmp_path / "worker-1").mkdir()
    rig.path.rename(tmp_path / "worker-1" / rig.path.name)
    assert "there is no spool file" in CliRunner().invoke(app, command).stderr
    command += ["--worker", "1"]
    assert "together: 3 batches" in CliRunner().invoke(app, command).stdout
