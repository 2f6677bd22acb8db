"""Everything that runs: control plane, proxy before it, two adapters, Envoy, and the service."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Final

from adapter.envoy_config import ApiRoute, render
from chaos.account import ALLOWED, Client
from chaos.load import Load
from chaos.platform import PlatformProcess
from chaos.proxy import PlatformProxy
from chaos.replica import WORKERS, Replica
from chaos.small_disk import SmallDisk
from support.admin import Admin
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.polling import eventually, until

BLOCKED_ADDRESS: Final = "127.0.0.9"


class Site:
    """What a run starts. `check_timeout_s` is Envoy's time limit of a Check."""

    def __init__(
        self, directory: Path, *, check_timeout_s: float = 0.5, poll_interval_s: float = 1
    ) -> None:
        self.directory = directory
        self.platform = PlatformProcess(directory)
        self.proxy = PlatformProxy(lambda: self.platform.address)
        self.load = Load(lambda: self.envoy.url)
        self.upstream = Upstream(reached=self.load.reached)
        self.replicas: list[Replica] = []
        self.disks: list[SmallDisk] = []
        self.clients: list[Client] = []
        self.envoy: Envoy
        self._check_timeout_s = check_timeout_s
        self._poll_interval_s = poll_interval_s
        self._exit = AsyncExitStack()
        self._envoy_exit = AsyncExitStack()

    async def start(self) -> None:
        """Start all, and return when Envoy has found all workers. `stop` must be called anyhow."""
        self._exit.push_async_callback(self.load.stop)
        self._exit.push_async_callback(self.platform.stop, signal.SIGKILL)
        await self.platform.start()
        for part in (self.upstream, self.proxy):
            self._exit.push_async_callback(part.stop)
            await part.start()
        await self._fill_platform()
        self._make_replicas()
        await asyncio.gather(*(replica.start() for replica in self.replicas))
        self._exit.push_async_callback(self.stop_envoy)
        await self.start_envoy()
        await self.until_well()

    async def stop(self) -> None:
        """Kill all, in the reverse order."""
        await self._exit.aclose()

    def _make_replicas(self) -> None:
        for name in ("one", "two"):
            replica = Replica(name, self._settings(), self.directory / name)
            disk = SmallDisk(replica.state)
            self._exit.callback(disk.unmount)
            self._exit.push_async_callback(replica.kill)
            disk.mount()
            self.disks.append(disk)
            self.replicas.append(replica)

    async def _fill_platform(self) -> None:
        """An API with two policies; an application that may use it, and one with no contract."""
        async with Admin(self.platform.url, self.platform.credentials) as admin:
            self.api_id = int((await admin.create_api("orders"))["id"])
            credentials = {
                "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
                "clientIdExpression": "#[attributes.headers['client_id']]",
                "clientSecretExpression": "#[attributes.headers['client_secret']]",
            }
            await admin.apply_policy(self.api_id, "client-id-enforcement", credentials)
            await admin.apply_policy(self.api_id, "ip-blocklist", {"ips": [BLOCKED_ADDRESS]})
            shop = await admin.create_application("Shop")
            former = await admin.create_application("Former")
            for application in (shop, former):
                contract = await admin.request_contract(self.api_id, application["id"])
            await admin.revoke(self.api_id, contract["id"])  # that of the last one
        self.clients = _clients(*map(_credentials, (shop, former)))

    def _settings(self) -> dict[str, Any]:
        ids = self.platform.credentials
        return {
            "platform": {
                "base_url": self.proxy.url,
                **{name: ids[name] for name in ("organization_id", "environment_id")},
                **{f"client_{part}": ids[f"gateway_client_{part}"] for part in ("id", "secret")},
                "poll_interval_s": self._poll_interval_s,
                "request_timeout_s": 2,
            },
            "analytics": {"batch_age_s": 0.5, "flush_interval_s": 0.5},
            "observability": {
                "metrics_address": "127.0.0.1:0",
                "inspection_address": "127.0.0.1:0",
            },
            "shutdown": {"deadline_s": 3},
        }

    async def start_envoy(self) -> None:
        """Start Envoy with a configuration as `policy-adapter envoy-config` writes it."""
        config = envoy_config(
            apis=(ApiRoute(str(self.api_id), self.upstream.http_address),),
            adapters=tuple(address for one in self.replicas for address in one.addresses),
            check_timeout_s=self._check_timeout_s,
        )
        envoy = Envoy(envoy_binary(NEWEST), render(config), self.directory / "envoy")
        self.envoy = await self._envoy_exit.enter_async_context(envoy)

    async def stop_envoy(self) -> None:
        """Stop Envoy. It may have been killed."""
        with suppress(RuntimeError):
            await self._envoy_exit.aclose()

    async def kill_envoy(self) -> None:
        """Kill Envoy."""
        os.kill(self.envoy.pid, signal.SIGKILL)
        await self.stop_envoy()

    async def until_well(self) -> None:
        """Wait for it."""
        await eventually(self.is_well)

    async def until_on_disk(self) -> None:
        """Wait until a worker has events on its disk. Not all of them get entries from Envoy."""
        await until(lambda: any(replica.has_spooled() for replica in self.replicas))

    async def is_well(self) -> bool:
        """Whether Envoy uses all workers, and all are ready and in touch with the platform."""
        healthy = [
            await self.envoy.stat(f"cluster.{name}.membership_healthy")
            for name in ("adapter", "adapter_als")
        ]
        all_workers = WORKERS * len(self.replicas)
        return healthy == [all_workers] * 2 and all(
            [await replica.is_ready() for replica in self.replicas]
        )


def _credentials(application: dict[str, str]) -> dict[str, str]:
    return {
        "client_id": application["clientId"],
        "client_secret": application["clientSecret"],
    }


def _clients(shop: dict[str, str], former: dict[str, str]) -> list[Client]:
    """Six of ten requests must be allowed, and each of the others is denied for another reason."""
    good = [Client("shop", ALLOWED, shop)] * 3
    return [
        *good,
        Client("no credentials", 401),
        Client("wrong secret", 401, shop | {"client_secret": "wrong"}),
        *good,
        Client("revoked contract", 401, former),
        Client("blocked address", 403, shop, BLOCKED_ADDRESS),
    ]
