"""New secrets whose predecessors work too, for a while."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from control_plane.management.audit_log import AuditFilter, entries
from tests.control_plane.conftest import Platform


class Watched:
    """An application with a contract, and what the feed says about it since the last look."""

    def __init__(self, platform: Platform, application: dict[str, Any], feed: str) -> None:
        self.platform = platform
        self.id: int = application["id"]
        self.secret: str = application["clientSecret"]
        self._cursor = feed

    async def news(self) -> list[dict[str, Any]]:
        """The entries that are new."""
        found, self._cursor = await self.platform.rest(self._cursor)
        return found

    async def new(self) -> dict[str, Any]:
        """The only entry that is new."""
        [entry] = await self.news()
        return entry


@pytest.fixture
async def phone(platform: Platform) -> Watched:
    """An application whose contract every gateway knows."""
    api_id, application = await platform.api_and_application()
    await platform.admin.request_contract(api_id, application["id"])
    watched = Watched(platform, application, platform.feed(api_id))
    await watched.new()
    return watched


def salted_hash(secret: str, entry: dict[str, Any]) -> str:
    """How the feed writes a secret."""
    return hashlib.sha256((secret + entry["clientSecretSalt"]).encode()).hexdigest()


async def test_the_feed_has_both_secrets_until_the_overlap_ends(
    platform: Platform, phone: Watched
) -> None:
    """The end is a change of its own, made by the control plane when a gateway asks."""
    new = await platform.admin.reset_secret(phone.id, overlap_s=600)
    entry = await phone.new()
    assert entry["clientSecret"] == salted_hash(new, entry)
    assert entry["previousClientSecret"] == salted_hash(phone.secret, entry)
    platform.clock.move(seconds=599)
    assert await phone.news() == []
    platform.clock.move(seconds=1)
    ended = await phone.new()
    assert ended["clientSecret"] == entry["clientSecret"]
    assert ended["previousClientSecret"] is None
    assert await phone.news() == []


async def test_a_second_rotation_ends_the_oldest_secret(platform: Platform, phone: Watched) -> None:
    """There are two secrets at most."""
    second = await platform.admin.reset_secret(phone.id, overlap_s=600)
    third = await platform.admin.reset_secret(phone.id, overlap_s=60)
    entry = await phone.new()
    assert entry["clientSecret"] == salted_hash(third, entry)
    assert entry["previousClientSecret"] == salted_hash(second, entry)


async def test_a_reset_ends_both_secrets(platform: Platform, phone: Watched) -> None:
    """For a secret that others know."""
    await platform.admin.reset_secret(phone.id, overlap_s=600)
    new = await platform.admin.reset_secret(phone.id)
    entry = await phone.new()
    assert entry["clientSecret"] == salted_hash(new, entry)
    assert entry["previousClientSecret"] is None
    platform.clock.move(seconds=600)
    assert await phone.news() == []


async def test_a_revoked_contract_shows_no_secret(platform: Platform, phone: Watched) -> None:
    """Not the one before either."""
    await platform.admin.reset_secret(phone.id, overlap_s=600)
    entry = await phone.new()
    await platform.admin.revoke(entry["apiId"], entry["contractId"])
    assert (await phone.new())["previousClientSecret"] is None


async def test_the_audit_log_tells_of_the_end(platform: Platform, phone: Watched) -> None:
    """The control plane itself made it. No hash is in the log."""
    await platform.admin.reset_secret(phone.id, overlap_s=60)
    platform.clock.move(seconds=60)
    entry = await phone.new()
    with platform.services.database.read() as session:
        organization_id = platform.credentials.organization_id
        wanted = AuditFilter(kind="application", object_id=phone.id)
        end, start, _ = entries(session, organization_id, wanted)
    assert (start.actor, start.action) == ("admin", "rotate_secret")
    assert (end.actor, end.role, end.action) == ("control plane", "system", "end_overlap")
    assert entry["clientSecret"] not in f"{start.before} {start.after} {end.before} {end.after}"


@pytest.mark.parametrize("overlap_s", [-1, timedelta(days=91) // timedelta(seconds=1)])
async def test_an_impossible_overlap_is_refused(
    platform: Platform, phone: Watched, overlap_s: int
) -> None:
    """The old secret does not stay forever."""
    path = f"{platform.applications}/{phone.id}/secret/reset?overlapSeconds={overlap_s}"
    refused = await platform.refusal("POST", path)
    assert refused.status == 400
    assert "overlapSeconds" in str(refused)
    assert await phone.news() == []
