"""Makes the quota stores from the settings."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from adapter.authorization.ports import QuotaStore
from adapter.quota.memory.persistence import QuotaPersistence
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.quota.memory.window_file import WindowFile
from adapter.quota.names import WindowNames
from adapter.quota.shared import ProbedQuotaStore, SharedQuotaStore
from adapter.runtime.clock import Clock
from adapter.runtime.supervision import Supervisor
from adapter.settings import QuotaSettings

if TYPE_CHECKING:
    from adapter.quota.redis.client import RedisClient, RedisOptions
    from adapter.quota.redis.renewable_client import RenewableClient


class Quotas:
    """The quota store of this process and, if configured, its file and the shared store.

    Raises ConfigurationError if the shared store's address or certificates cannot be used.
    """

    def __init__(self, settings: QuotaSettings, file: Path | None, clock: Clock) -> None:
        secret = _secret(settings)
        names = WindowNames(secret)
        self._settings = settings
        self.memory = MemoryQuotaStore(clock, max_windows=settings.max_windows)
        self._saver: QuotaPersistence | None = None
        if file is not None:
            windows = WindowFile(file, secret, settings.max_windows)
            self._saver = QuotaPersistence(
                self.memory, windows, names, clock, interval_s=settings.file_interval_s
            )
        self.shared: SharedQuotaStore | None = None
        self.redis = redis_client(settings)
        if self.redis is not None:
            store = redis_store(settings, self.redis, clock)
            self.shared = SharedQuotaStore(store, self.memory, clock, when_down=settings.when_down)

    @property
    def store(self) -> QuotaStore:
        """The store that the authorizer charges."""
        return self.shared or self.memory

    @property
    def overloads(self) -> int:
        """Charges refused because their policy had used up its share of the windows."""
        return self.memory.overloads + (self.shared.overloads if self.shared else 0)

    @property
    def multiplier(self) -> int:
        """How many processes count alone, and so how often each limit can be used up."""
        shared = self.shared
        alone = shared is None or (
            not shared.status.available and self._settings.when_down == "local"
        )
        return self._settings.processes if alone else 1

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by component."""
        alarms = {}
        if self._saver is not None and self._saver.alarm:
            alarms["quota file"] = self._saver.alarm
        if self.shared is not None and not self.shared.status.available:
            alarms["quota store"] = self.shared.status.last_error
        return alarms

    @property
    def status(self) -> Mapping[str, object]:
        """The state of all stores, for the inspection page."""
        shared = asdict(self.shared.status) if self.shared else None
        return {
            "multiplier": self.multiplier,
            "windows": len(self.memory),
            "shared_store": shared,
            "file_writes_failed": self._saver.failures if self._saver else None,
        }

    async def start(self, supervisor: Supervisor) -> None:
        """Continue from the file and connect to the shared store, which may be down."""
        if self._saver is not None:
            await self._saver.restore()
            supervisor.start("quota_file", self._saver.run)
        if self.shared is not None:
            await self.shared.start()
            supervisor.start("quota_store", self.shared.run)
        structlog.get_logger().info(
            "quota.started", store=self._settings.store, multiplier=self.multiplier
        )

    async def stop(self) -> None:
        """Write the file and close the shared store. No Check may come after that."""
        if self._saver is not None:
            await self._saver.write()
        if self.shared is not None:
            await self.shared.close()


def redis_client(settings: QuotaSettings) -> "RenewableClient | None":
    """The client of the shared store, if the settings name one; raises ConfigurationError."""
    if settings.url is None:
        return None
    # Only here, because these imports take time at the start, and memory.
    from adapter.quota.redis.client import open_client  # noqa: PLC0415
    from adapter.quota.redis.renewable_client import RenewableClient  # noqa: PLC0415
    from adapter.quota.redis.url import RedisUrl  # noqa: PLC0415

    url, options = RedisUrl.parse(settings.url.get_secret_value()), redis_options(settings)
    return RenewableClient(lambda: open_client(url, options), uses_tls=url.tls)


def redis_store(settings: QuotaSettings, client: "RedisClient", clock: Clock) -> ProbedQuotaStore:
    """The store that counts through this client."""
    from adapter.quota.redis.store import RedisQuotaStore  # noqa: PLC0415 - see above

    return RedisQuotaStore(
        client,
        WindowNames(_secret(settings)),
        clock,
        max_windows=settings.max_windows,
        connections=settings.connections,
        deadline_s=settings.deadline_s,
        prefix=settings.prefix,
    )


def _secret(settings: QuotaSettings) -> bytes:
    return settings.secret.get_secret_value().encode() if settings.secret else b""


def redis_options(settings: QuotaSettings) -> "RedisOptions":
    """The options of the shared store's client."""
    from adapter.quota.redis.client import RedisOptions  # noqa: PLC0415 - see above

    password = settings.sentinel_password
    return RedisOptions(
        connections=settings.connections,
        ca_file=_text(settings.ca_file),
        certificate_file=_text(settings.certificate_file),
        key_file=_text(settings.key_file),
        sentinel_username=settings.sentinel_username,
        sentinel_password=password.get_secret_value() if password else None,
    )


def _text(path: object) -> str | None:
    return None if path is None else str(path)
