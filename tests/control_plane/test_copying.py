"""`copy-database`: from a file to PostgreSQL and back, and what it refuses."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from control_plane.accounts.credentials import Credentials
from control_plane.app import open_services
from control_plane.cli import app
from control_plane.database_address import events_file, parse_address
from control_plane.settings import Settings
from control_plane.store.server_lock import served_alone
from tests.control_plane.clients import add_app, ask_token
from tests.control_plane.conftest import Platform
from tests.control_plane.events import event, send
from tests.control_plane.test_postgresql import _member
from tests.rig.clock import DatetimeClock
from tests.rig.hashing import quick_hasher
from tests.rig.postgresql_server import PostgresqlServer


@pytest.fixture
def address(postgresql: PostgresqlServer) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with postgresql.empty_database() as address:
        yield address


def copied(source: str | Path, target: str | Path) -> str:
    """What the command says; it must succeed."""
    done = CliRunner().invoke(app, ["copy-database", "--from", str(source), "--to", str(target)])
    assert done.exit_code == 0, done.output
    return done.output


def refused(source: str | Path, target: str | Path) -> str:
    """Why the command fails."""
    done = CliRunner().invoke(app, ["copy-database", "--from", str(source), "--to", str(target)])
    assert done.exit_code == 2, done.output
    return done.output


def started(address: str | Path) -> None:
    """Let a platform start on the database, which makes its tables, and stop."""
    settings = Settings(database=parse_address(str(address)))
    open_services(settings, DatetimeClock(), quick_hasher()).close()


async def fill(platform: Platform) -> None:
    """Something in the main tables, a feed, events, and an id that may not be given again."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.apply_policy(api_id, "ip-allowlist", {"ips": ["192.0.2.1"]})
    tier = await platform.admin.create_tier(api_id, "Größe", [(5, 60_000)])
    contract = await platform.admin.request_contract(api_id, phone["id"], tier["id"])
    await platform.admin.revoke(api_id, contract["id"])
    await send(platform, [event(platform, api_id=api_id, event_id=str(n)) for n in range(20)])
    await platform.admin.delete_api((await platform.admin.create_api("last"))["id"])


async def seen(platform: Platform) -> list[Any]:
    """What admins and gateways get from the platform."""
    entries, cursor = await platform.rest(platform.feed(1))
    return [
        await platform.admin.ask("GET", platform.apis),
        await platform.admin.ask("GET", f"{platform.apis}/1/policies"),
        await platform.admin.ask("GET", platform.applications),
        entries,
        cursor,
        await platform.admin.events(duration="1d"),
        (await platform.admin.summary("api", duration="1d"))["groups"],
    ]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_everything_is_there_afterwards(
    database: str, tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    """Logins, ids, the feed's cursors and events go on at the other kind of database."""
    with ExitStack() as stack:
        target = str(tmp_path / "copy.db")
        if "://" not in database:
            target = stack.enter_context(postgresql.empty_database())
        shown: list[Credentials] = []
        async with _member(database, shown) as before:
            await fill(before)
            expected, app = await seen(before), add_app(before, "terraform")
        assert " rows to " in copied(database, target)
        async with _member(target, shown) as after:
            assert len(shown) == 1
            assert await seen(after) == expected
            assert (await ask_token(after, app)).status_code == 200
            # The id 2 was given to an API instance that was deleted.
            assert (await after.admin.create_api("next"))["id"] == 3
            await send(after, [event(after, api_id=1, event_id=str(n)) for n in range(25)])
            assert (await after.admin.summary("api"))["total"] == 25


def test_the_target_stays_empty_if_a_row_is_refused(tmp_path: Path, address: str) -> None:
    """PostgreSQL has no NUL in texts, and SQLite may. A later attempt begins anew."""
    source = tmp_path / "platform.db"
    started(source)
    with closing(sqlite3.connect(events_file(source))) as connection, connection:
        insert = "INSERT INTO event_ids VALUES (?, 'one', 1)"
        connection.execute(insert, ("organization\0",))
    assert "the table event_ids can't be copied: PostgreSQL text" in refused(source, address)
    with closing(sqlite3.connect(events_file(source))) as connection, connection:
        connection.execute("UPDATE event_ids SET organization_id = 'organization'")
    assert "copied 1 rows" in copied(source, address)


def test_a_platform_that_runs_is_not_copied(tmp_path: Path, address: str) -> None:
    """Its later changes would be lost."""
    source = tmp_path / "platform.db"
    started(source)
    with served_alone(source):
        assert "another control plane serves this file; stop it first" in refused(source, address)
    settings = Settings(database=parse_address(address))
    with closing(open_services(settings, DatetimeClock(), quick_hasher())):
        why = refused(address, tmp_path / "copy.db")
        assert "a platform runs on it; stop it first" in why
        assert "a platform runs on it; stop it first" in refused(source, address)


def _of_another_version(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA user_version=1")


def _of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA application_id=1")


def _empty(file: Path) -> None:
    file.unlink()
    file.touch()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_of_another_version, "has schema version 1, this program needs"),
        (_of_another_program, "belongs to another program"),
        (_empty, "is empty"),
        (Path.unlink, "there is no database"),
    ],
    ids=["version", "program", "empty", "missing"],
)
def test_a_source_must_be_of_this_version(
    spoil: Callable[[Path], None], why: str, tmp_path: Path
) -> None:
    """The copy is made of the same tables, and the source is not changed."""
    source, target = tmp_path / "platform.db", tmp_path / "copy.db"
    started(source)
    spoil(source)
    assert why in refused(source, target)


def test_a_target_must_be_empty(tmp_path: Path) -> None:
    """Nothing is overwritten or mixed. Nor is a database copied to itself."""
    source, target = tmp_path / "platform.db", tmp_path / "copy.db"
    started(source)
    started(target)
    with closing(sqlite3.connect(events_file(target))) as connection, connection:
        connection.execute("INSERT INTO event_ids VALUES ('organization', 'one', 1)")
    assert f"database {events_file(target)} is not empty: event_ids" in refused(source, target)
    assert "can't be copied to itself" in refused(source, source)
    assert "--to: mysql:// is not supported" in refused(source, "mysql://host/platform")


def test_a_file_without_events_is_copied(tmp_path: Path) -> None:
    """A backup can be restored without the file of events."""
    source, target = tmp_path / "platform.db", tmp_path / "copy.db"
    started(source)
    events_file(source).unlink()
    assert "copied 0 rows" in copied(source, target)
