"""Backup, and what gateways notice when a copy is restored."""

import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from control_plane.accounts.credentials import Credentials
from control_plane.accounts.first_start import set_up
from control_plane.app import create_app, open_services
from control_plane.errors import UnusableDatabaseError
from control_plane.management.feed_epochs import KEPT_EPOCHS
from control_plane.settings import Settings
from control_plane.store.backup import back_up
from control_plane.store.schema import CONFIGURATION, EVENTS
from control_plane.store.tables import ClientApplication, EndedFeedEpoch
from support.admin import Admin
from tests.control_plane.conftest import Platform, gateway_token
from tests.rig.clock import DatetimeClock
from tests.rig.hashing import quick_hasher

SHA = {"X-Accept-Hash-Algorithm": "sha256"}


class Site:
    """A control plane whose files the test may replace between two starts."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "platform.db"
        self.clock = DatetimeClock()
        self._credentials: list[Credentials] = []

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Platform]:
        """The control plane, from start to stop."""
        services = open_services(Settings(database=self.file), self.clock, quick_hasher())
        set_up(
            services.database,
            services.hasher,
            self._credentials.append,
            services.clock.now(),
        )
        [credentials] = self._credentials
        app = create_app(services)
        transport = httpx.ASGITransport(app)
        base_url = "http://platform.test"
        async with (
            httpx.AsyncClient(transport=transport, base_url=base_url) as anyone,
            httpx.AsyncClient(transport=transport, base_url=base_url) as gateway,
            Admin(base_url, asdict(credentials), transport=transport) as admin,
        ):
            token = await gateway_token(anyone, credentials)
            gateway.headers["Authorization"] = f"Bearer {token}"
            yield Platform(app, services, self.clock, credentials, admin, gateway, anyone)
        services.close()

    def copy(self) -> Path:
        """A backup of what there is now."""
        to = self.file.with_name("copy.db")
        back_up(self.file, to, CONFIGURATION)
        return to

    def restore(self, copy: Path) -> None:
        """Put the copy in place of the stopped control plane's file, as the docs say."""
        for name in ("platform.db", "platform.db-wal", "platform.db-shm"):
            self.file.with_name(name).unlink(missing_ok=True)
        shutil.copy(copy, self.file)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A control plane that was never started."""
    return Site(tmp_path)


async def _contract(platform: Platform, name: str) -> tuple[int, int]:
    api_id = (await platform.admin.create_api(name))["id"]
    phone = await platform.admin.create_application(name)
    return api_id, (await platform.admin.request_contract(api_id, phone["id"]))["id"]


async def _status(platform: Platform, url: str) -> int:
    return (await platform.gateway.get(url, headers=SHA)).status_code


async def test_after_a_restore_no_revocation_hides_behind_an_old_cursor(site: Site) -> None:
    """The counter passes what a gateway has seen; its cursor must not become valid again."""
    async with site.started() as platform:
        api_id, contract_id = await _contract(platform, "orders")
        copy = site.copy()
        for status in ("REVOKED", "APPROVED", "REVOKED", "APPROVED"):
            await platform.admin.change_contract(api_id, contract_id, status=status)
        _, cursor = await platform.rest(platform.feed(api_id))
    site.restore(copy)
    async with site.started() as platform:
        assert await _status(platform, cursor) == 400
        await platform.admin.revoke(api_id, contract_id)
        for name in ("a", "b", "c", "d", "e"):
            await _contract(platform, name)
        assert await _status(platform, cursor) == 400
        [entry], _ = await platform.rest(platform.feed(api_id))
        assert (entry["contractId"], entry["removed"]) == (contract_id, True)


async def test_a_cursor_of_another_api_does_not_outlive_a_restore(site: Site) -> None:
    """A reader in the middle of its pages has seen less than the feed had; both count."""
    async with site.started() as platform:
        api_id, _ = await _contract(platform, "orders")
        copy = site.copy()
        await _contract(platform, "invoices")
        cursor = (await platform.page(platform.feed(api_id)))["links"]["next"]
    site.restore(copy)
    async with site.started() as platform:
        assert await _status(platform, cursor) == 400


async def test_a_restart_costs_gateways_no_full_read(site: Site) -> None:
    """A cursor stays valid over restarts, and over a restore of a copy that has all it knows."""
    async with site.started() as platform:
        api_id, contract_id = await _contract(platform, "orders")
        _, cursor = await platform.rest(platform.feed(api_id))
        copy = site.copy()
        await _contract(platform, "invoices")
    async with site.started() as platform:
        await platform.admin.revoke(api_id, contract_id)
        [entry], later = await platform.rest(cursor)
        assert entry["removed"] is True
    async with site.started() as platform:
        assert await platform.rest(later) == ([], later)
    site.restore(copy)
    async with site.started() as platform:
        assert await platform.rest(cursor) == ([], cursor)
        assert await _status(platform, later) == 400


async def test_a_copy_that_is_restored_twice_begins_two_histories(site: Site) -> None:
    """What was seen after the first restore is unknown after the second."""
    async with site.started() as platform:
        api_id, contract_id = await _contract(platform, "orders")
        copy = site.copy()
    for _ in range(2):
        site.restore(copy)
        async with site.started() as platform:
            await platform.admin.revoke(api_id, contract_id)
            _, cursor = await platform.rest(platform.feed(api_id))
    site.restore(copy)
    async with site.started() as platform:
        await platform.admin.restore(api_id, contract_id)
        assert await _status(platform, cursor) == 400


@contextmanager
def _raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_restore_under_the_running_process_is_noticed(site: Site, restarted: bool) -> None:
    """`sqlite3 platform.db '.restore copy.db'` needs no restart, and gives old numbers again."""
    async with site.started() as platform:
        api_id, contract_id = await _contract(platform, "orders")
        copy = site.copy()
        if not restarted:
            await _revoke_unseen(site, platform, copy, api_id, contract_id)
    if restarted:
        async with site.started() as platform:
            await _revoke_unseen(site, platform, copy, api_id, contract_id)


async def _revoke_unseen(
    site: Site, platform: Platform, copy: Path, api_id: int, contract_id: int
) -> None:
    """Restore the copy, let the counter pass what the gateway saw, and revoke on the way."""
    await platform.admin.revoke(api_id, contract_id)
    await platform.admin.restore(api_id, contract_id)
    _, cursor = await platform.rest(platform.feed(api_id))
    with _raw(copy) as source, _raw(site.file) as target:
        source.backup(target)
    await platform.admin.log_in()
    await platform.admin.revoke(api_id, contract_id)
    for name in ("a", "b", "c"):
        await _contract(platform, name)
    token = await gateway_token(platform.anyone, platform.credentials)
    platform.gateway.headers["Authorization"] = f"Bearer {token}"
    assert await _status(platform, cursor) == 400


async def test_policies_that_a_restore_brings_back_are_not_hidden_by_304(site: Site) -> None:
    """A gateway that asks what changed since its last poll is told everything after a start."""
    async with site.started() as platform:
        api_id = (await platform.admin.create_api("orders"))["id"]
        path = f"{platform.apis}/{api_id}/policies"
        policy = await platform.admin.apply_policy(api_id, "ip-blocklist", {"ips": ["192.0.2.1"]})
        copy = site.copy()
        site.clock.move(minutes=10)
        await platform.admin.delete_policy(api_id, policy["id"])
        site.clock.move(minutes=10)
        since = {"If-Modified-Since": (await platform.gateway.get(path)).headers["Date"]}
        assert (await platform.gateway.get(path, headers=since)).status_code == 304
    site.restore(copy)
    site.clock.move(seconds=1)
    async with site.started() as platform:
        answer = await platform.gateway.get(path, headers=since)
        assert [row["id"] for row in answer.json()["policies"]] == [policy["id"]]


async def test_policies_that_a_restore_changes_under_the_running_process_are_not_hidden(
    site: Site,
) -> None:
    """Each gateway gets them once, and then 304 again."""
    async with site.started() as platform:
        api_id = (await platform.admin.create_api("orders"))["id"]
        path = f"{platform.apis}/{api_id}/policies"
        policy = await platform.admin.apply_policy(api_id, "ip-blocklist", {"ips": ["192.0.2.1"]})
        copy = site.copy()
        site.clock.move(minutes=10)
        await platform.admin.delete_policy(api_id, policy["id"])
        site.clock.move(minutes=10)
        since = {"If-Modified-Since": (await platform.gateway.get(path)).headers["Date"]}
        assert (await platform.gateway.get(path, headers=since)).status_code == 304
        with _raw(copy) as source, _raw(site.file) as target:
            source.backup(target)
        token = await gateway_token(platform.anyone, platform.credentials)
        platform.gateway.headers["Authorization"] = f"Bearer {token}"
        for _ in range(2):
            site.clock.move(seconds=10)
            answer = await platform.gateway.get(path, headers=since)
            assert [row["id"] for row in answer.json()["policies"]] == [policy["id"]]
        site.clock.move(seconds=10)
        since = {"If-Modified-Since": (await platform.gateway.get(path)).headers["Date"]}
        assert (await platform.gateway.get(path, headers=since)).status_code == 304


async def test_epochs_of_many_starts_are_bounded(site: Site) -> None:
    """One short row for each start with a change, and a limited number of them."""
    async with site.started() as platform:
        api_id, contract_id = await _contract(platform, "orders")
        with platform.services.database.write() as session:
            [ended] = session.scalars(select(EndedFeedEpoch))
            session.add_all(
                EndedFeedEpoch(
                    organization_id=ended.organization_id, epoch=str(number), last_change=1
                )
                for number in range(KEPT_EPOCHS)
            )
    async with site.started() as platform:
        await platform.admin.revoke(api_id, contract_id)
        await platform.admin.restore(api_id, contract_id)
        with platform.services.database.read() as session:
            kept = session.scalars(select(EndedFeedEpoch.epoch)).all()
    assert len(kept) == KEPT_EPOCHS
    assert "0" not in kept


async def test_a_backup_has_what_is_still_in_the_log(site: Site) -> None:
    """A copy of the file alone would lack what the write-ahead log holds."""
    async with site.started() as platform:
        await platform.admin.create_application("phone")
        copy = site.copy()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in copy.parent.glob("*copy*")] == ["copy.db"]
    site.restore(copy)
    async with site.started() as platform:
        with platform.services.database.read() as session:
            assert session.scalars(select(ClientApplication.name)).all() == ["phone"]


def test_a_backup_overwrites_nothing_and_takes_only_our_files(site: Site, tmp_path: Path) -> None:
    """A mistake in a name costs no data and leaves no half of a copy."""
    open_services(Settings(database=site.file), site.clock, quick_hasher()).close()
    copy = site.copy()
    before = copy.read_bytes()
    with pytest.raises(FileExistsError, match=r"copy\.db exists already"):
        back_up(site.file, copy, CONFIGURATION)
    assert copy.read_bytes() == before
    foreign, to = tmp_path / "foreign.db", tmp_path / "to.db"
    with _raw(foreign) as connection:
        connection.execute("CREATE TABLE notes (text)")
    for source, application_id in (
        (foreign, CONFIGURATION),
        (site.file, EVENTS),
        (tmp_path / "missing.db", CONFIGURATION),
    ):
        with pytest.raises(UnusableDatabaseError, match=source.name):
            back_up(source, to, application_id)
    assert not list(tmp_path.glob("*to.db*"))
    assert not (tmp_path / "missing.db").exists()
