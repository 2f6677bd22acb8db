"""SIGHUP renews what can be renewed without a restart, and never ends the process."""

import asyncio
import json
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.certificates import Authority, Identity
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.polling import eventually, until
from tests.rig.raw_http2 import PREFACE, SETTINGS, frame

PING, ACK = 6, 1
SELDOM = {"poll_interval_s": 3600}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[RunningControlPlane]:
    """A platform with one API."""
    async with running_control_plane(tmp_path) as platform:
        await platform.admin.create_api("orders")
        yield platform


def seldom(platform: RunningControlPlane, **groups: Any) -> dict[str, Any]:
    """Settings of an adapter that does not poll again by itself."""
    settings = settings_for(platform, **groups)
    settings["platform"] |= SELDOM
    return settings


def logged(adapter: AdapterProcess, event: str) -> list[dict[str, Any]]:
    """The lines of the log with this event."""
    lines = [json.loads(line) for line in adapter.log.read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


async def test_what_is_new_on_the_platform_is_in_force(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """After SIGHUP, and after POST /sync, which says what it did."""
    async with AdapterProcess(seldom(platform), tmp_path) as adapter:
        await adapter.until_ready()
        policy = await platform.admin.apply_policy(1, "access-block", {})
        adapter.send(signal.SIGHUP)

        async def blocked() -> bool:
            return bool((await adapter.check("1")).status.code)

        await eventually(blocked)
        await until(lambda: logged(adapter, "adapter.synced"))
        (line,) = logged(adapter, "adapter.synced")
        assert (line["changed_apis"], line["failures"]) == (1, 0)

        await platform.admin.delete_policy(1, policy["id"])
        answers = await asyncio.gather(*[adapter.post("/sync") for _ in range(2)])
        assert answers[0] == answers[1]
        assert answers[0]["synced"] is True
        # An empty list of policies opens an API only when it is confirmed.
        second = await adapter.post("/sync")
        assert second["changed_apis"] == ["1"]
        assert second["revision"] == (await adapter.inspect("/apis"))["revision"]
        assert not await blocked()

        await platform.stop()
        failed = await adapter.post("/sync")
        assert (failed["synced"], failed["changed_apis"]) == (False, [])
        assert failed["failures"].keys() == {"API instances", "automated policies", "API 1"}
        await platform.start()


async def test_before_the_first_sync_and_while_stopping(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """Nothing ends early, and the first sync comes as soon as it can."""
    await platform.stop()
    settings = seldom(platform, shutdown={"drain_s": 1})
    async with AdapterProcess(settings, tmp_path) as adapter:
        for _ in range(20):
            adapter.send(signal.SIGHUP)
        assert not (await adapter.readiness())["ready"]
        await platform.start()
        adapter.send(signal.SIGHUP)
        await adapter.until_ready()
        adapter.send(signal.SIGTERM)
        await until(lambda: logged(adapter, "adapter.stopping"))
        ended = asyncio.create_task(adapter.until_exit())
        while not ended.done():
            adapter.send(signal.SIGHUP)
            await asyncio.sleep(0.01)
        assert await ended == 0
    assert logged(adapter, "adapter.stopped")
    assert not [line for line in adapter.log.read_text().splitlines() if "Traceback" in line]


@asynccontextmanager
async def connected(
    address: str, authority: Authority
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, int]]:
    """An HTTP/2 connection over TLS, and the serial number of the server's certificate."""
    trust = ssl.create_default_context(cafile=str(authority.certificate))
    trust.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=trust)
    writer.write(PREFACE + frame(SETTINGS, 0, 0))
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    try:
        yield reader, writer, x509.load_der_x509_certificate(shown).serial_number
    finally:
        writer.close()


async def answers_ping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection still works."""
    writer.write(frame(PING, 0, 0, b"12345678"))
    async with asyncio.timeout(10):
        await reader.readuntil(frame(PING, ACK, 0, b"12345678"))
    return True


def serial(identity: Identity) -> int:
    """The serial number of a certificate."""
    return x509.load_pem_x509_certificate(identity.certificate.read_bytes()).serial_number


def renewals(adapter: AdapterProcess) -> int:
    """How often the listener has taken over its files."""
    return sum(line["of"] == "listener" for line in logged(adapter, "certificates.renewed"))


async def test_certificates_are_renewed_without_a_dropped_connection(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """New clients see the new certificate; a bad one is refused, and the last good one stays."""
    authority = Authority(tmp_path)
    own = authority.issue("own")
    listener = {"tls_certificate_file": str(own.certificate), "tls_key_file": str(own.key)}
    async with (
        AdapterProcess(seldom(platform, listener=listener), tmp_path) as adapter,
        connected(adapter.address, authority) as (reader, writer, first),
    ):
        assert first == serial(own)
        renewed = authority.issue("own")
        adapter.send(signal.SIGHUP)
        await until(lambda: renewals(adapter) >= 1)
        async with connected(adapter.address, authority) as (_, _, second):
            assert second == serial(renewed) != first

        own.key.write_text("not a key")
        adapter.send(signal.SIGHUP)
        fault = f"listener.tls_key_file: {own.key} contains no PEM private key"
        await until(
            lambda: [fault] in [line["faults"] for line in logged(adapter, "certificates.kept")]
        )
        assert (await adapter.readiness())["details"]["listener certificate"] == fault
        async with connected(adapter.address, authority) as (_, _, third):
            assert third == second

        before = renewals(adapter)
        authority.issue("own")  # which the adapter notices without a signal
        await until(lambda: renewals(adapter) > before)
        assert "listener certificate" not in (await adapter.readiness())["details"]
        assert await answers_ping(reader, writer)
