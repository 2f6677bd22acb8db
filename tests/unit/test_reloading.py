"""Reloading certificates and syncing while an adapter runs; tests/e2e has the signal."""

import asyncio
import ssl
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from adapter.app.certificate_uses import listener_use
from adapter.app.certificates import Certificates
from adapter.app.reloading import Reloading
from adapter.platform_client.sync.sync_on_demand import SyncReport
from adapter.platform_client.sync.synced_state import SyncedState
from adapter.settings import ListenerSettings
from adapter.transport.service import Server
from tests.rig.certificates import Authority
from tests.rig.clock import FakeClock
from tests.rig.polling import until


class Parts:
    """A platform whose syncs a test ends, and a server that keeps what it is given."""

    def __init__(self, **listener: Any) -> None:
        self.clock = FakeClock()
        self.contexts: list[ssl.SSLContext] = []
        self.may_end = asyncio.Event()
        settings = ListenerSettings.model_validate(listener)
        uses = [listener_use(settings, cast("Server", self))]
        self.certificates = Certificates(uses, self.clock)
        self.reloading = Reloading(self.certificates, cast("SyncedState", self), self.clock)

    async def sync_now(self) -> SyncReport:
        """See `PlatformSync.sync_now`."""
        await self.may_end.wait()
        return SyncReport(3, ("1", "2"), ("3",), {"API 1": "failed"})

    def use_tls(self, context: ssl.SSLContext) -> None:
        """See `Server.use_tls`."""
        self.contexts.append(context)

    async def reloaded(self) -> list[dict[str, Any]]:
        """Reload, and return what was logged."""
        self.may_end.set()
        with capture_logs() as logs:
            self.reloading.reload()
            (task,) = self.reloading.running
            while not task.done():
                await self.clock.advance(1)
                await asyncio.sleep(0.001)  # the files are read in a thread
        return [dict(log) for log in logs]


async def test_a_reload_says_what_it_did() -> None:
    """Without TLS there are no certificates to renew."""
    parts = Parts()
    logs = await parts.reloaded()
    assert [log["event"] for log in logs] == ["adapter.reloading", "adapter.synced"]
    counts = {name: logs[1][name] for name in ("changed_apis", "removed_apis", "failures")}
    assert counts == {"changed_apis": 2, "removed_apis": 1, "failures": 1}
    assert parts.contexts == []


async def test_bad_certificates_are_an_alarm_until_they_are_good(tmp_path: Path) -> None:
    """The server keeps what it has."""
    own = Authority(tmp_path).issue("own")
    files = {"tls_certificate_file": own.certificate, "tls_key_file": own.key}
    parts = Parts(**files)
    key = own.key.read_bytes()
    own.key.write_bytes(b"")
    events = [log["event"] for log in await parts.reloaded()]
    assert "certificates.kept" in events
    assert "contains no PEM private key" in parts.certificates.alarms["listener certificate"]
    assert parts.contexts == []
    own.key.write_bytes(key)
    await parts.reloaded()
    assert parts.certificates.alarms == {}
    assert len(parts.contexts) == 1


async def test_a_certificate_that_comes_before_its_key_is_tried_again(tmp_path: Path) -> None:
    """Nobody has to say that the files have changed, and one fault is one line of the log."""
    own = Authority(tmp_path).issue("own")
    parts = Parts(tls_certificate_file=own.certificate, tls_key_file=own.key)
    renewed = Authority(tmp_path).issue("renewed")
    looking = asyncio.create_task(parts.certificates.run())

    async def look() -> None:
        await parts.clock.advance(5)
        await asyncio.sleep(0.05)  # the files are read in a thread

    with capture_logs() as logs:
        await look()
        assert (logs, parts.contexts) == ([], [])
        renewed.certificate.replace(own.certificate)
        for _ in range(3):
            await look()
        await until(lambda: bool(parts.certificates.alarms))
        assert "does not belong to" in parts.certificates.alarms["listener certificate"]
        assert parts.certificates.kept == {("listener",): 1}
        renewed.key.replace(own.key)
        while not parts.contexts:
            await look()
    assert parts.certificates.alarms == {}
    assert parts.certificates.kept == {("listener",): 0}
    events = [(log["event"], log["of"]) for log in logs]
    assert events == [("certificates.kept", "listener"), ("certificates.renewed", "listener")]
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_a_stop_ends_what_is_in_progress() -> None:
    """Also a sync that waits for a platform."""
    parts = Parts()
    parts.reloading.reload()
    asked = asyncio.create_task(parts.reloading.sync())
    await parts.clock.advance(1)
    await parts.reloading.stop()
    with pytest.raises(asyncio.CancelledError):
        await asked
