"""New certificates for a shared store, while charges go on."""

import asyncio
from pathlib import Path

import pytest

from adapter.app.quotas import redis_client
from adapter.errors import ConfigurationError, StoreError
from adapter.settings import QuotaSettings
from tests.rig.certificates import Authority
from tests.rig.quota import a_charge, redis_store
from tests.rig.redis_server import running_redis
from tests.rig.tls_front import server_tls, tls_in_front_of

CHARGE = a_charge(("k", 1_000_000, 3_600_000))


def _authority(folder: Path) -> Authority:
    folder.mkdir()
    return Authority(folder)


async def test_new_authorities_count_without_a_failed_charge(tmp_path: Path) -> None:
    """A file that cannot be used changes nothing, nor do CAs that the server does not fit."""
    old, new = _authority(tmp_path / "old"), _authority(tmp_path / "new")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(old.certificate.read_bytes())
    tls = server_tls(old.issue("store"))
    async with running_redis(tmp_path) as server, tls_in_front_of(server.port, tls) as port:
        settings = QuotaSettings.model_validate(
            {"store": "redis", "url": f"rediss://127.0.0.1:{port}", "ca_file": trusted}
        )
        client = redis_client(settings)
        assert client is not None
        async with redis_store("", client=client) as store:
            await store.probe()
            done, charged = asyncio.Event(), 0

            async def charge() -> int:
                number = 0
                while not done.is_set():
                    assert (await store.charge(f"{number}", CHARGE)).admitted
                    number += 1
                return number

            charging = asyncio.create_task(charge())
            trusted.write_text("half a file")
            with pytest.raises(ConfigurationError, match=r"quota\.ca_file"):
                await client.renew()
            trusted.write_bytes(new.certificate.read_bytes())
            with pytest.raises(StoreError, match="its certificate is not trusted"):
                await client.renew()
            renewed = new.issue("store")
            tls.load_cert_chain(renewed.certificate, renewed.key)
            await client.renew()
            for _ in range(3):
                await client.renew()
            done.set()
            charged = await charging
            assert charged > 0
            assert (await store.charge("last", CHARGE)).remaining == (1_000_000 - charged - 1,)
