"""PostgreSQL instead of a file: addresses, failures, and two control planes on one database."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import asdict
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import URL
from typer.testing import CliRunner

import control_plane.cli
from control_plane.accounts.credentials import Credentials
from control_plane.accounts.first_start import set_up
from control_plane.app import create_app, open_services
from control_plane.database_address import parse_address
from control_plane.errors import UnusableDatabaseError
from control_plane.settings import Settings
from support.admin import Admin
from tests.control_plane.conftest import Platform, gateway_token
from tests.control_plane.events import event, send
from tests.control_plane.test_process import _run, _serve
from tests.rig.clock import DatetimeClock
from tests.rig.hashing import quick_hasher
from tests.rig.postgresql_server import PostgresqlServer
from tests.rig.redis_server import free_port

SHA = {"X-Accept-Hash-Algorithm": "sha256"}


@pytest.fixture
def address(postgresql: PostgresqlServer) -> Iterator[str]:
    """An empty database."""
    with postgresql.empty_database() as address:
        yield address


@asynccontextmanager
async def _member(address: str, shown: list[Credentials]) -> AsyncIterator[Platform]:
    """One of several control planes on one database. The first one makes the credentials."""
    clock = DatetimeClock()
    settings = Settings(database=parse_address(address), contract_page_size=3)
    base_url = "http://platform.test"
    with closing(open_services(settings, clock, quick_hasher())) as services:
        set_up(services.database, services.hasher, shown.append, clock.now())
        app = create_app(services)
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url=base_url) as anyone,
            httpx.AsyncClient(transport=transport, base_url=base_url) as gateway,
            Admin(base_url, asdict(shown[0]), transport=transport) as admin,
        ):
            gateway.headers["Authorization"] = f"Bearer {await gateway_token(anyone, shown[0])}"
            yield Platform(app, services, clock, shown[0], admin, gateway, anyone)


@asynccontextmanager
async def _two(address: str) -> AsyncIterator[tuple[Platform, Platform]]:
    shown: list[Credentials] = []
    async with _member(address, shown) as first, _member(address, shown) as second:
        assert len(shown) == 1
        yield first, second


async def test_a_token_of_one_is_good_at_the_other(address: str) -> None:
    """Behind one address, it does not matter which of them answers."""
    async with _two(address) as (first, second):
        token = first.gateway.headers["Authorization"]
        second.gateway.headers["Authorization"] = token
        assert (await second.gateway.get(second.apis)).status_code == 200


async def test_a_gateway_that_asks_both_misses_no_change(address: str) -> None:
    """Each change is made at the other one, and each poll goes to the one that did not make it."""
    async with _two(address) as (first, second):
        api_id, phone = await first.api_and_application()
        contract = (await second.admin.request_contract(api_id, phone["id"]))["id"]
        entries, cursor = await first.rest(first.feed(api_id))
        assert [entry["contractId"] for entry in entries] == [contract]
        for here, there in ((first, second), (second, first)) * 3:
            await here.admin.revoke(api_id, contract)
            entries, cursor = await there.rest(cursor)
            assert [entry.get("removed") for entry in entries] == [True]
            await there.admin.restore(api_id, contract)
            entries, cursor = await here.rest(cursor)
            assert [entry.get("removed") for entry in entries] == [None]


async def test_changes_at_both_at_once_are_numbered_in_their_order(address: str) -> None:
    """A gateway that reads meanwhile ends with all of them."""
    async with _two(address) as (first, second):
        api_id = (await first.admin.create_api("orders"))["id"]
        applications = [await first.admin.create_application(str(n)) for n in range(20)]
        rush = asyncio.gather(
            *(
                (first, second)[n % 2].admin.request_contract(api_id, application["id"])
                for n, application in enumerate(applications)
            )
        )
        seen: set[int] = set()
        cursor = first.feed(api_id)
        while not rush.done():
            entries, cursor = await second.rest(cursor)
            seen.update(entry["contractId"] for entry in entries)
        entries, _ = await first.rest(cursor)
        seen.update(entry["contractId"] for entry in entries)
        assert seen == {contract["id"] for contract in await rush}


async def test_a_batch_that_is_repeated_at_the_other_counts_once(address: str) -> None:
    """A gateway repeats what it got no answer for, perhaps at another control plane."""
    async with _two(address) as (first, second):
        api_id = (await first.admin.create_api("orders"))["id"]
        batch = [event(first, api_id=api_id, event_id=str(n)) for n in range(10)]
        await asyncio.gather(send(first, batch), send(second, batch), send(second, batch[:5]))
        found = await second.admin.summary("api")
        assert found["total"] == 10


def test_two_processes_start_together_on_an_empty_database(address: str, tmp_path: Path) -> None:
    """The tables are made once, and only one of them makes credentials."""
    with ExitStack() as stack:
        started = []
        for name in ("a", "b"):
            directory = tmp_path / name
            directory.mkdir()
            options = ("--database", address, "--credentials-file", str(directory / "made.json"))
            started.append((directory, stack.enter_context(_serve(directory, *options))))
        urls = [process.base_url() for _, process in started]
        [made] = [directory for directory, _ in started if (directory / "made.json").exists()]
        credentials = json.loads((made / "made.json").read_text())
        body = {"username": "admin", "password": credentials["admin_password"]}
        for url in urls:
            assert httpx.post(f"{url}/accounts/login", json=body, trust_env=False).is_success


async def test_it_goes_on_after_the_server_was_away(
    tmp_path: Path, address: str, postgresql: PostgresqlServer
) -> None:
    """Requests are refused with 503 meanwhile."""
    async with _two(address) as (first, _):
        postgresql.stop()
        try:
            assert (await first.gateway.get(first.apis)).status_code == 503
        finally:
            postgresql.start()
        assert (await first.gateway.get(first.apis)).status_code == 200


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    """The message says which database."""
    address = parse_address(f"postgresql://platform:hunter2@127.0.0.1:{free_port()}/platform")
    with pytest.raises(UnusableDatabaseError, match=r"127\.0\.0\.1.*refused") as refused:
        open_services(Settings(database=address), DatetimeClock())
    assert "hunter2" not in str(refused.value)


def test_foreign_tables_are_left_alone(address: str) -> None:
    """A schema of our name that another program filled is refused."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA policy_configuration")
        connection.execute("CREATE TABLE policy_configuration.notes (text text)")
    with pytest.raises(UnusableDatabaseError, match="belongs to another program"):
        open_services(Settings(database=parse_address(address)), DatetimeClock())


def test_a_newer_schema_is_refused(address: str) -> None:
    """A program that is too old says so, and changes nothing."""
    settings = Settings(database=parse_address(address))
    open_services(settings, DatetimeClock()).close()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("UPDATE policy_events.alembic_version SET version_num = '0099'")
    with pytest.raises(UnusableDatabaseError, match="schema version 99, this program needs"):
        open_services(settings, DatetimeClock())


def test_pg_dump_makes_the_backup(tmp_path: Path) -> None:
    """The command for files says what to use instead."""
    result = _run("backup", "--database", "postgresql://u@h/d", "--to", tmp_path / "copy")
    assert (result.returncode, result.stderr) == (
        2,
        "error: back up a PostgreSQL database with pg_dump\n",
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("mysql://u:hunter2@h/d", "mysql:// is not supported: name a file, or use postgresql://"),
        ("postgresql://u:hunter2@h:x/d", "must look like postgresql://USER@HOST:PORT/DATABASE"),
        ("postgresql://u:hunter2@h", "names no database"),
    ],
)
def test_other_addresses_are_refused(tmp_path: Path, text: str, named: str) -> None:
    """The message does not repeat what may contain a password."""
    words = ["backup", "--to", str(tmp_path / "copy.db")]
    environment = {"POLICY_CONTROL_PLANE_DATABASE": text}
    result = CliRunner().invoke(control_plane.cli.app, words, env=environment)
    assert result.exit_code == 2
    assert named in result.stderr
    assert "hunter2" not in result.stderr


def test_an_address_shows_no_password() -> None:
    """Not in messages, and not in the settings' repr."""
    address = parse_address("postgres://u:hunter2@h:5433/d")
    assert isinstance(address, URL)
    assert str(address) == "postgresql+psycopg://u:***@h:5433/d"
    assert "hunter2" not in repr(Settings(database=address))
