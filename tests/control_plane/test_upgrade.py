"""Databases of earlier versions: upgraded at the start, with nothing lost."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from control_plane.app import create_app, open_services
from control_plane.database_address import events_file
from control_plane.errors import UnusableDatabaseError
from control_plane.settings import Settings
from control_plane.store.database import Database
from control_plane.store.schema import CONFIGURATION, EVENTS, Schema
from tests.rig.clock import DatetimeClock
from tests.rig.hashing import quick_hasher

OLD = Path(__file__).with_name("old_databases")
SHA = {"X-Accept-Hash-Algorithm": "sha256"}
DEADLINE_S = 60

Rows = dict[str, list[tuple[Any, ...]]]


@dataclass
class OldSite:
    """The files that an earlier program left, and what it answered last."""

    file: Path
    clock: DatetimeClock
    credentials: dict[str, str]
    admin_token: str
    gateway_token: str
    answers: dict[str, Any]

    @property
    def settings(self) -> Settings:
        """How it is served."""
        return Settings(database=self.file)

    def make(self, events: str = "events_1.sql") -> None:
        """Write both files anew."""
        _make(self.file, "configuration_1.sql")
        _make(events_file(self.file), events)

    def open_and_close(self) -> None:
        """One start of today's program."""
        open_services(self.settings, self.clock, quick_hasher()).close()


def _make(path: Path, script: str) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as file:
        file.executescript((OLD / script).read_text())


@pytest.fixture
def old(tmp_path: Path) -> OldSite:
    """A control plane that was last served by revision 5d3501e, with a row in every table."""
    known = json.loads((OLD / "answers.json").read_text())
    clock = DatetimeClock(datetime.fromisoformat(known.pop("made_at")))
    site = OldSite(tmp_path / "platform.db", clock, **known)
    site.make()
    return site


def _rows(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as file:
        tables = [
            row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            table: sorted(file.execute(f'SELECT * FROM "{table}"'), key=repr)  # noqa: S608
            for table in tables
        }


def _tables(path: Path) -> dict[str, list[str]]:
    """The definition of every table and index, whatever its white space, quotes and order."""
    with closing(sqlite3.connect(path)) as file:
        found = file.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: _parts(sql) for name, sql in found}


def _parts(definition: str) -> list[str]:
    head, _, inner = " ".join(definition.replace('"', "").split()).partition("(")
    return [head, *sorted(part.strip(" )") for part in inner.split(", "))]


def _still_answered(old: Any) -> Any:
    """The answer without what programs before version 11 answered in another way.

    They stored no consumer endpoint, and showed the address of the service there. An endpoint about
    which nobody had said anything was null.
    """
    if isinstance(old, dict):
        return {
            name: _still_answered(value)
            for name, value in old.items()
            if name != "endpointUri" and (name, value) != ("endpoint", None)
        }
    return [_still_answered(each) for each in old] if isinstance(old, list) else old


def _contains(new: Any, old: Any) -> bool:
    """Whether every member of the old answer has the same value in the new one."""
    if isinstance(old, dict):
        return all(name in new and _contains(new[name], value) for name, value in old.items())
    if isinstance(old, list):
        return len(new) == len(old) and all(map(_contains, new, old))
    return bool(new == old)


def test_no_row_is_lost(old: OldSite) -> None:
    """Every table keeps every value, and references hold."""
    before = _rows(old.file)
    assert all(before.values())
    old.open_and_close()
    after = _rows(old.file)
    moved = {"logins", "access_tokens", "sqlite_sequence"}
    for table in before.keys() - moved:
        # New columns come last.
        width = len(before[table][0])
        assert [row[:width] for row in after[table]] == before[table]
    assert after["audit_entries"] == after["ended_feed_epochs"] == []
    with closing(sqlite3.connect(old.file)) as file:
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
    old.open_and_close()
    assert _rows(old.file) == after


def test_admins_become_owners(old: OldSite) -> None:
    """Their passwords and tokens move with them; gateways stay where they were."""
    before = _rows(old.file)
    old.open_and_close()
    after = _rows(old.file)
    admins = {name: secret for name, role, _, _, secret in before["logins"] if role == "admin"}
    assert {row[2]: row[4] for row in after["users"]} == admins
    assert [row[1:] for row in after["role_grants"]] == [(1, None, "owner")]
    assert [row[0] for row in after["logins"]] == [
        row[0] for row in before["logins"] if row[1] == "gateway"
    ]
    tokens = {(row[0], row[2]) for row in before["access_tokens"]}
    of_users = {(row[3], row[9]) for row in after["user_tokens"]}
    of_gateways = {(row[0], row[2]) for row in after["access_tokens"]}
    assert of_users | of_gateways == tokens
    assert of_users


@pytest.mark.parametrize("events", ["events_1.sql", "events_2.sql"])
async def test_the_api_answers_the_same(old: OldSite, events: str) -> None:
    """Tokens, credentials and every list and object are as before the upgrade."""
    old.make(events)
    services = open_services(old.settings, old.clock, quick_hasher())
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://platform.test") as client:
        headers = SHA | {"Authorization": old.admin_token}
        for url, answer in old.answers.items():
            response = await client.get(url, headers=headers)
            assert response.status_code == 200, url
            if url == "/accounts/api/me":
                answer["user"]["role"] = "owner"  # what the first admin is called now
            assert _contains(response.json(), _still_answered(answer)), url
        login = {
            "grant_type": "client_credentials",
            "client_id": old.credentials["gateway_client_id"],
            "client_secret": old.credentials["gateway_client_secret"],
        }
        assert (await client.post("/accounts/oauth2/token", json=login)).status_code == 200
        apis = next(iter(old.answers))
        assert (await client.get(apis, headers={"Authorization": old.gateway_token})).is_success
        spec = {"groupId": "g", "assetId": "new", "version": "1"}
        made = await client.post(apis, json={"spec": spec}, headers=headers)
        # Number 3 was deleted before the upgrade.
        assert made.json()["id"] == 4
    services.close()


@pytest.mark.parametrize("events", ["events_1.sql", "events_2.sql"])
def test_upgraded_files_have_the_tables_of_new_ones(
    old: OldSite, tmp_path: Path, events: str
) -> None:
    """A migration that differs from the tables in the code is found."""
    old.make(events)
    old.open_and_close()
    new = Settings(database=tmp_path / "new.db")
    open_services(new, old.clock).close()
    for of in (lambda settings: settings.database, lambda s: events_file(s.database)):
        assert _tables(of(old.settings)) == _tables(of(new))


def _newest(schema: Schema) -> int:
    return len([*schema.history.glob("v*.py")])


@pytest.mark.parametrize(
    ("file", "schema"), [("platform.db", CONFIGURATION), ("platform-events.db", EVENTS)]
)
def test_a_file_of_a_newer_program_is_refused(
    old: OldSite, tmp_path: Path, file: str, schema: Schema
) -> None:
    """The message says what to do, and the file stays as it is."""
    newest = _newest(schema)
    old.open_and_close()
    with closing(sqlite3.connect(tmp_path / file)) as connection:
        connection.execute(f"PRAGMA user_version = {newest + 1}")
        connection.execute("PRAGMA journal_mode = DELETE")
    before = (tmp_path / file).read_bytes()
    expected = f"version {newest + 1}, this program needs {newest}; use"
    with pytest.raises(UnusableDatabaseError, match=expected):
        old.open_and_close()
    assert (tmp_path / file).read_bytes() == before


def test_an_upgrade_that_fails_changes_nothing(old: OldSite) -> None:
    """All migrations and their marks are in one transaction."""
    with closing(sqlite3.connect(old.file)) as file:
        file.execute("CREATE TABLE audit_entries (mine TEXT)")
    before = _tables(old.file)
    with pytest.raises(UnusableDatabaseError, match="audit_entries already exists"):
        old.open_and_close()
    assert _tables(old.file) == before
    with closing(sqlite3.connect(old.file)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (1,)


def test_processes_that_start_together_upgrade_once(old: OldSite) -> None:
    """The second waits for the write lock, and finds everything done."""
    start = (
        "import sys; from pathlib import Path; from control_plane.app import open_services;"
        " from control_plane.clock import SystemClock; from control_plane.settings import Settings;"
        " open_services(Settings(database=Path(sys.argv[1])), SystemClock()).close()"
    )
    command = [sys.executable, "-c", start, str(old.file)]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(DEADLINE_S) for process in processes] == [0, 0]
    assert _rows(old.file)["alembic_version"] == [(f"{_newest(CONFIGURATION):04}",)]


REBUILD = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "{0:04}", "{1:04}"
def upgrade():
    with op.batch_alter_table("api_instances") as table:
        table.add_column(sa.Column("note", sa.Text))
        table.alter_column("technology", nullable=True)
"""


def test_a_migration_may_rebuild_a_table_that_others_refer_to(old: OldSite, tmp_path: Path) -> None:
    """SQLite deletes what refers to a dropped table, unless foreign keys are off meanwhile."""
    history = tmp_path / "history"
    history.mkdir()
    for migration in CONFIGURATION.history.glob("v*.py"):
        (history / migration.name).write_text(migration.read_text())
    newest = _newest(CONFIGURATION)
    (history / "v_rebuild.py").write_text(REBUILD.format(newest + 1, newest))
    before = _rows(old.file)
    schema = replace(CONFIGURATION, history=history)
    database = Database(old.file, schema)
    with database.write() as session:
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        after = _rows(old.file)
        width = len(before["policies"][0])
        assert [row[:width] for row in after["policies"]] == before["policies"]
        assert len(after["contracts"]) == len(before["contracts"])
        width = len(before["api_instances"][0])
        assert [row[:width] for row in after["api_instances"]] == before["api_instances"]
        session.execute(text("DELETE FROM api_instances"))
        assert session.scalar(text("SELECT count(*) FROM policies")) == 0
    database.close()
