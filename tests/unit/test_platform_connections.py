"""The way to the platform, which is opened when it is first gone."""

from pathlib import Path

import pytest

from adapter.app.platform import Platform
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import PlatformUnavailableError
from adapter.settings import PlatformSettings, Settings
from adapter.telemetry.metrics import Metrics
from tests.rig.clock import FakeClock


async def test_certificates_that_cannot_be_read_are_named_and_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The disk copy serves meanwhile; once the file is there, nobody need restart anything."""
    settings = Settings(
        platform=PlatformSettings.model_validate(
            {
                "base_url": "https://127.0.0.1:9",
                "organization_id": "org",
                "environment_id": "env",
                "client_id": "gateway",
                "client_secret": "secret",
            }
        )
    )
    clock = FakeClock()
    platform = Platform(settings, SnapshotStore(clock), clock, Metrics())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    with pytest.raises(PlatformUnavailableError, match="check SSL_CERT_FILE"):
        await platform.client.send_events(b"")
    monkeypatch.delenv("SSL_CERT_FILE")
    await clock.advance(60)
    with pytest.raises(PlatformUnavailableError) as found:
        await platform.client.send_events(b"")
    assert "SSL_CERT_FILE" not in str(found.value)
    await platform.close()
