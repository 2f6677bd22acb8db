"""Key sets: when they are fetched, what stays when that fails, and what survives a restart."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import PolicyError, ProviderError
from adapter.identity.jwks.key_set_file import MAGIC, KeySetFile, SavedKeySet
from adapter.policy.tokens.keys import KeySet
from adapter.policy.tokens.trust import JwksSource
from adapter.runtime.clock import WallTime
from adapter.runtime.sealed_file import SealedFile
from support.defaults import key_sets
from support.token_issuer import TokenIssuer, key_set
from tests.builders import api
from tests.rig.clock import FakeClock
from tests.unit.identity.key_server import SOURCE, URL, KeyServer, a_policy

OLD = TokenIssuer("RS256", "old")
NEW = TokenIssuer("RS256", "new")
SECRET = "the gateway's secret"


class Running:
    """`async with Running(...)`: key sets that follow a snapshot, under the test's clock."""

    def __init__(self, server: KeyServer, *policies_urls: str, file: KeySetFile | None = None):
        self.clock = FakeClock()
        self.snapshots = SnapshotStore(self.clock)
        self.server = server
        self.publish(*policies_urls)
        self.key_sets = key_sets(self.clock, self.snapshots, server.fetch, file)

    def publish(self, *urls: str) -> None:
        """Have an API with a policy for these URLs."""
        self.snapshots.publish([api("7", [a_policy(*urls)])])

    async def __aenter__(self) -> "Running":
        await self.key_sets.restore()
        self.task = asyncio.ensure_future(self.key_sets.run())
        await self.clock.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.key_sets.close()

    def ids(self, source: JwksSource = SOURCE) -> list[str | None]:
        """The ids of the keys in use."""
        return ids(self.key_sets.current(source))


def ids(keys: KeySet | None) -> list[str | None]:
    """The ids of keys."""
    return [key.key_id for key in keys.keys] if keys is not None else []


async def test_keys_are_fetched_as_soon_as_a_policy_names_them() -> None:
    """Before the first token comes; and forgotten when no policy needs them."""
    server = KeyServer(OLD)
    async with Running(server) as running:
        assert running.ids() == ["old"]
        running.snapshots.publish(removed=["7"])
        await running.clock.advance(1)
        assert running.ids() == []
        assert not tuple(running.key_sets.remotes)
        await running.clock.advance(120)
        assert server.fetched == [URL]


class TestTheFirstKeys:
    """What the adapter waits for before it says that it can serve."""

    async def test_they_are_awaited(self) -> None:
        """Nothing is fetched twice for that."""
        server = KeyServer(OLD)
        server.held.clear()
        async with Running(server) as running:
            waiting = asyncio.ensure_future(running.key_sets.await_first_keys(60))
            await running.clock.settle()
            assert not waiting.done()
            server.held.set()
            await waiting
            assert running.ids() == ["old"]
        assert server.fetched == [URL]

    async def test_those_of_a_new_snapshot_count(self) -> None:
        """It may have come just before."""
        server = KeyServer(OLD)
        server.serve(NEW, url="https://other.test/keys")
        async with Running(server) as running:
            running.publish(URL, "https://other.test/keys")
            await running.key_sets.await_first_keys(60)
            assert [remote.keys is not None for remote in running.key_sets.remotes] == [True, True]

    async def test_an_attempt_that_failed_is_enough(self) -> None:
        """The other APIs need not wait for a provider that is down."""
        server = KeyServer(OLD)
        server.fault = ProviderError("down")
        async with Running(server) as running:
            await running.key_sets.await_first_keys(60)
            await running.key_sets.await_first_keys(60)
        assert server.fetched == [URL]

    async def test_a_slow_provider_is_not_awaited_for_ever(self) -> None:
        """The fetch goes on afterwards."""
        server = KeyServer(OLD)
        server.held.clear()
        async with Running(server) as running:
            await running.key_sets.await_first_keys(0.01)
            assert running.ids() == []
            server.held.set()
            await running.clock.settle()
            assert running.ids() == ["old"]

    async def test_sets_from_before_a_restart_are_enough(self, tmp_path: Path) -> None:
        """They can be used at once."""
        file = KeySetFile(tmp_path / "keys", SECRET)
        async with Running(KeyServer(OLD), file=file):
            pass
        server = KeyServer(OLD)
        server.held.clear()
        async with Running(server, file=file) as running:
            await running.key_sets.await_first_keys(60)
            assert running.ids() == ["old"]


async def test_they_are_fetched_again_after_their_time_to_live() -> None:
    """As the policy says."""
    server = KeyServer(OLD)
    async with Running(server) as running:
        server.serve(NEW)
        await running.clock.advance(55)
        assert running.ids() == ["old"]
        await running.clock.advance(6)
        assert running.ids() == ["new"]
        assert len(server.fetched) == 2


async def test_an_unchanged_set_stays_the_same_object() -> None:
    """Tokens that are remembered by it need not be verified again. The order does not matter."""
    server = KeyServer(OLD, NEW)
    async with Running(server) as running:
        before = running.key_sets.current(SOURCE)
        server.serve(NEW, OLD)
        await running.clock.advance(61)
        assert len(server.fetched) == 2
        assert running.key_sets.current(SOURCE) is before


@pytest.mark.parametrize(
    "fault", [ProviderError("down"), PolicyError("not allowed"), RuntimeError("a bug")]
)
async def test_old_keys_stay_in_use_while_the_provider_is_down(fault: Exception) -> None:
    """Fetches go on with back-off, and the operator sees the reason."""
    server = KeyServer(OLD)
    async with Running(server) as running:
        server.fault = fault
        await running.clock.advance(61 + 240)
        assert running.ids() == ["old"]
        assert 5 < len(server.fetched) < 25
        (remote,) = running.key_sets.remotes
        assert remote.fault
        server.fault = None
        server.serve(NEW)
        await running.clock.advance(61)
        assert running.ids() == ["new"]
        assert not remote.fault


@pytest.mark.parametrize("document", [b"", b"<html>", b'{"keys":[]}', b"[" * 5_000, b"\xff" * 99])
async def test_a_bad_document_changes_nothing_and_is_shown(document: bytes) -> None:
    """The last good set stays in use."""
    server = KeyServer(OLD)
    async with Running(server) as running:
        server.documents[URL] = document
        await running.clock.advance(61)
        assert running.ids() == ["old"]
        (remote,) = running.key_sets.remotes
        assert remote.fault.startswith(f"{URL}: ")


async def test_usable_keys_are_used_and_the_others_are_named() -> None:
    """One key of an unknown type is no outage."""
    server = KeyServer(OLD)
    server.documents[URL] = key_set({"kty": "?"}, OLD.jwk)
    async with Running(server) as running:
        assert running.ids() == ["old"]
        (remote,) = running.key_sets.remotes
        assert remote.key_faults == ("key 1: kty is missing or not supported",)


async def test_the_keys_of_several_urls_count_together() -> None:
    """One that is down does not matter while another has the key."""
    server = KeyServer(OLD)
    other = "https://other.test/keys"
    server.serve(NEW, url=other)
    source = JwksSource((URL, other, "https://down.test/"), 60, 10)
    async with Running(server, *source.urls) as running:
        assert running.ids(source) == ["old", "new"]
        faults = [remote.fault for remote in running.key_sets.remotes]
        assert [bool(fault) for fault in faults] == [False, False, True]


async def test_one_url_in_two_policies_is_fetched_once() -> None:
    """As often as the more demanding policy asks for."""
    server = KeyServer(OLD)
    async with Running(server) as running:
        seldom = api("8", [a_policy(jwksServiceTimeToLive=60)])
        running.snapshots.publish([seldom])
        await running.clock.advance(1)
        assert running.ids(JwksSource((URL,), 3_600, 10)) == ["old"]
        assert len(server.fetched) == 1
        await running.clock.advance(60)
        assert len(server.fetched) == 2
        running.snapshots.publish(removed=["7"])
        await running.clock.advance(70)
        assert len(server.fetched) == 3
        await running.clock.advance(120)
        assert len(server.fetched) == 3


async def test_keys_survive_a_restart_without_the_provider(tmp_path: Path) -> None:
    """Tokens are verified at once, by the keys of before."""
    file = KeySetFile(tmp_path / "keys", SECRET)
    async with Running(KeyServer(OLD), file=file):
        pass
    assert OLD.jwk["n"].encode() not in (tmp_path / "keys").read_bytes()
    server = KeyServer()
    server.held.clear()
    async with Running(server, file=KeySetFile(tmp_path / "keys", SECRET)) as running:
        assert running.ids() == ["old"]
        assert server.fetched == [URL]


def _damaged(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-20] + b"x" + content[-19:])


def _of_another_secret(path: Path) -> None:
    KeySetFile(path, "another").write({URL: SavedKeySet(b"{}", WallTime(1))})


def _without_form(path: Path) -> None:
    SealedFile(path, SECRET, MAGIC).write([b"[1, 2]"])


@pytest.mark.parametrize("harm", [_damaged, _of_another_secret, _without_form])
async def test_a_file_that_cannot_be_used_is_set_aside(tmp_path: Path, harm: object) -> None:
    """The adapter starts all the same, and says so."""
    path = tmp_path / "keys"
    KeySetFile(path, SECRET).write({URL: SavedKeySet(key_set(OLD.jwk), WallTime(1))})
    assert callable(harm)
    harm(path)
    async with Running(KeyServer(NEW), file=KeySetFile(path, SECRET)) as running:
        assert "set aside" in running.key_sets.alarm
        assert running.ids() == ["new"]
    assert any("rejected" in name for name in os.listdir(tmp_path))


async def test_a_saved_document_without_usable_keys_is_a_fault_only(tmp_path: Path) -> None:
    """A newer version may be stricter about keys."""
    path = tmp_path / "keys"
    KeySetFile(path, SECRET).write({URL: SavedKeySet(b'{"keys":[]}', WallTime(1))})
    server = KeyServer(NEW)
    server.held.clear()
    async with Running(server, file=KeySetFile(path, SECRET)) as running:
        assert running.ids() == []
        server.held.set()
        await running.clock.settle()
        assert running.ids() == ["new"]


async def test_a_disk_that_fails_is_an_alarm_only(tmp_path: Path) -> None:
    """Verifying does not need the disk."""
    (tmp_path / "file").write_text("not a directory")
    file = KeySetFile(tmp_path / "file" / "keys", SECRET)
    running = Running(KeyServer(OLD), file=file)
    async with running:
        assert running.ids() == ["old"]
    assert "cannot be" in running.key_sets.alarm
