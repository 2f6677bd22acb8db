"""Which files are watched for whom."""

from pathlib import Path
from typing import Any, cast

import pytest

from adapter.app.certificate_uses import certificate_uses
from adapter.app.identity import Identity
from adapter.app.platform import Platform
from adapter.app.quotas import Quotas
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.settings import Settings
from adapter.telemetry.metrics import Metrics
from adapter.transport.service import Server
from tests.rig.certificates import Authority
from tests.rig.clock import FakeClock

PLATFORM = {
    "base_url": "https://platform.test",
    "organization_id": "org",
    "environment_id": "env",
    "client_id": "gateway",
    "client_secret": "secret",
}


def watched(**groups: Any) -> dict[str, tuple[Path, ...]]:
    """The paths of each use that has some."""
    clock = FakeClock()
    settings = Settings.model_validate({"platform": PLATFORM, **groups})
    snapshots = SnapshotStore(clock)
    uses = certificate_uses(
        settings,
        cast("Server", None),
        Platform(settings, snapshots, clock, Metrics()),
        Quotas(settings.quota, None, clock),
        Identity(settings, snapshots, clock, Metrics()),
    )
    return {use.name: use.paths for use in uses if use.paths}


@pytest.fixture(autouse=True)
def _no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_without_tls_nothing_is_watched() -> None:
    """Mozilla's list does not change."""
    assert watched(quota={"store": "redis", "url": "redis://127.0.0.1"}) == {}


async def test_files_of_the_settings(tmp_path: Path) -> None:
    """Each group has its own."""
    authority = Authority(tmp_path)
    own = authority.issue("own")
    of_client = {
        "certificate_file": own.certificate,
        "key_file": own.key,
        "ca_file": authority.certificate,
    }
    paths = (own.certificate, own.key, authority.certificate)
    assert watched(
        listener={"tls_certificate_file": own.certificate, "tls_key_file": own.key},
        quota={"store": "redis", "url": "rediss://127.0.0.1", **of_client},
        identity=of_client,
    ) == {"listener": paths[:2], "quota store": paths, "identity provider": paths}


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_authorities_of_the_environment(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count for all who have no CA file of their own."""
    authority = Authority(tmp_path)
    path = authority.certificate if variable == "SSL_CERT_FILE" else tmp_path
    monkeypatch.setenv(variable, str(path))
    quota = {"store": "redis", "url": "rediss://127.0.0.1"}
    assert watched(quota=quota, identity={"ca_file": authority.certificate}) == {
        "platform": (path,),
        "identity provider": (authority.certificate,),
        "quota store": (path,),
    }
