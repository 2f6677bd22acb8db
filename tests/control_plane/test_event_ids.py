"""Event ids are unique in an organization, and nobody can take those of another."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from control_plane.accounts.credentials import Credentials
from control_plane.accounts.first_start import set_up
from control_plane.app import open_services
from control_plane.database_address import events_file
from control_plane.errors import UnusableDatabaseError
from control_plane.settings import Settings
from control_plane.store.tables import Environment, GatewayLogin, Organization
from tests.control_plane.conftest import Platform, gateway_token
from tests.control_plane.events import event, send
from tests.rig.clock import DatetimeClock
from tests.rig.hashing import quick_hasher

# The table as it was before ids belonged to an organization.
VERSION_1 = """
CREATE TABLE events (
    event_id TEXT NOT NULL, environment_id TEXT NOT NULL, api_id BIGINT NOT NULL, api_name TEXT,
    api_version TEXT, api_version_id BIGINT, host_id TEXT, client_id TEXT, application_name TEXT,
    transaction_id TEXT, received_ms BIGINT NOT NULL, response_time_ms BIGINT, client_ip TEXT,
    verb TEXT NOT NULL, path TEXT NOT NULL, status_code INTEGER NOT NULL, user_agent TEXT,
    request_bytes BIGINT NOT NULL, response_bytes BIGINT NOT NULL,
    request_disposition TEXT NOT NULL, policy_id TEXT, policy_name TEXT, policy_outcome TEXT,
    deployment_type TEXT, PRIMARY KEY (event_id)
);
CREATE INDEX events_by_api ON events (api_id, received_ms);
CREATE INDEX events_by_time ON events (environment_id, received_ms);
PRAGMA application_id = 1162896758;
PRAGMA user_version = 1;
"""


async def test_another_organization_cannot_use_up_an_id(platform: Platform) -> None:
    """Both organizations keep their event; a repetition within one is still dropped."""
    same = event(platform, event_id="same", org_id=None)
    assert (await send(platform, [same])).json()["accepted"] == 1
    other = _second_organization(platform)
    platform.gateway.headers["Authorization"] = (
        f"Bearer {await gateway_token(platform.anyone, other)}"
    )
    assert (await send(platform, [same])).json()["accepted"] == 1
    assert (await send(platform, [same])).json()["duplicates"] == 1
    assert (await platform.admin.summary("api"))["total"] == 1


def _second_organization(platform: Platform) -> Credentials:
    """The credentials of a gateway in an organization of its own."""
    credentials = replace(
        platform.credentials,
        organization_id="other-organization",
        environment_id="other-environment",
        gateway_client_id="other-gateway",
    )
    organization_id = credentials.organization_id
    with platform.services.database.write() as session:
        session.add(Organization(id=organization_id, name="Other", feed_epoch="0"))
        session.flush()
        session.add(
            Environment(
                id=credentials.environment_id, organization_id=organization_id, name="Other"
            )
        )
        session.flush()
        session.add(
            GatewayLogin(
                name=credentials.gateway_client_id,
                organization_id=organization_id,
                environment_id=credentials.environment_id,
                secret_hash=platform.services.hasher.hash(credentials.gateway_client_secret),
            )
        )
    return credentials


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration file, which has a file for events beside it."""
    return tmp_path / "platform.db"


def _stored(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(events_file(path))) as file:
        return file.execute("SELECT * FROM events ORDER BY event_id").fetchall()


def _write_version_1(path: Path, environment_id: str) -> None:
    events_file(path).unlink()
    with closing(sqlite3.connect(events_file(path))) as file, file:
        file.executescript(VERSION_1)
        for event_id, environment in (("a", environment_id), ("b", environment_id), ("c", "gone")):
            file.execute(
                "INSERT INTO events (event_id, environment_id, api_id, received_ms, verb, path,"
                " status_code, request_bytes, response_bytes, request_disposition)"
                " VALUES (?, ?, 1, 1795435200000, 'GET', '/', 200, 1, 2, 'PROCESSED')",
                (event_id, environment),
            )


def test_events_of_the_version_before_are_kept(path: Path) -> None:
    """The file is upgraded at the next start; ids that were known are still known."""
    shown: list[Credentials] = []
    services = open_services(Settings(database=path), DatetimeClock(), quick_hasher())
    set_up(services.database, services.hasher, shown.append, services.clock.now())
    services.close()
    [credentials] = shown
    _write_version_1(path, credentials.environment_id)
    services = open_services(Settings(database=path), DatetimeClock())
    rows = _stored(path)
    own = credentials.organization_id
    assert [row[:2] for row in rows] == [(own, "a"), (own, "b"), ("", "c")]
    assert rows[0][2:5] == (credentials.environment_id, 1, None)
    assert 1795435200000 in rows[0]
    assert services.events.add(rows, DatetimeClock().now()) == 0
    services.close()
    open_services(Settings(database=path), DatetimeClock()).close()
    assert _stored(path) == rows


def test_events_of_a_later_version_are_refused(path: Path) -> None:
    """A program that is too old says so, and leaves the file alone."""
    open_services(Settings(database=path), DatetimeClock()).close()
    with closing(sqlite3.connect(events_file(path))) as file:
        file.execute("PRAGMA user_version = 999")
    with pytest.raises(UnusableDatabaseError, match=r"schema version 999, this program needs \d+;"):
        open_services(Settings(database=path), DatetimeClock())
