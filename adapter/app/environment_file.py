"""The environment file that replaces the platform, as the settings say.

Only adapters without a platform import this module, because it takes a part of the start.
"""

import secrets
from functools import partial

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import ConfigurationError
from adapter.platform_client.environment_file.content import ReadingRules
from adapter.platform_client.environment_file.file_sync import FileSync
from adapter.platform_client.environment_file.source import EnvironmentFile
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.options import SyncOptions
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from adapter.runtime.clock import Clock
from adapter.settings import PlatformSettings


def file_sync(
    platform: PlatformSettings,
    options: SyncOptions,
    snapshots: SnapshotStore,
    clock: Clock,
    observer: SyncObserver,
) -> FileSync:
    """Keeps the snapshot up to date with the file."""
    return FileSync(environment_file(platform, options), snapshots, options, clock, observer)


def environment_file(platform: PlatformSettings, options: SyncOptions) -> EnvironmentFile:
    """The file that replaces the platform. Raises ConfigurationError if the settings name none."""
    if platform.file is None:
        raise ConfigurationError("platform.file: is missing")
    compile_api = partial(
        build_api,
        pool=RulePool(),
        ignored_types=options.ignored_policy_types,
        own_headers=options.own_headers,
        objection=options.objection,
    )
    salt = secrets.token_hex()
    rules = ReadingRules(apis=options.apis, salt=salt, compile_api=compile_api)
    return EnvironmentFile(platform.file, rules)
