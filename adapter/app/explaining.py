"""Makes explainers: of the running adapter, of a disk copy, and of an environment file."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from adapter.app.identity import Identity
from adapter.app.platform import disk_copy, sync_options
from adapter.app.quotas import Quotas
from adapter.authorization.explainer import Explainer
from adapter.authorization.gatekeeper import Gatekeeper
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import ConfigurationError, EnvironmentFileError
from adapter.platform_client.sync.options import SyncOptions
from adapter.policy.catalog import ApiContent, AppliedPolicy
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.quota import Charge
from adapter.policy.effects.token import VerifyToken
from adapter.policy.explain import nothing_known
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import Snapshot, build_api
from adapter.runtime.clock import SystemClock
from adapter.runtime.system_errors import system_words
from adapter.settings import Settings


def live_explainer(
    snapshots: SnapshotStore, gatekeeper: Gatekeeper, quotas: Quotas, identity: Identity
) -> Explainer:
    """An explainer that looks into this process's quotas and keys, and asks nobody."""

    def known(effect: Effect) -> Outcome | None:
        if isinstance(effect, Charge):
            counted_here = quotas.shared is None or effect.local
            return quotas.memory.peek(effect.windows) if counted_here else None
        return identity.tokens.verify(effect) if isinstance(effect, VerifyToken) else None

    return Explainer(lambda: snapshots.current, known, gatekeeper)


def stored_explainer(settings: Settings, directory: Path) -> Explainer:
    """An explainer of the disk copy in that directory; raises ConfigurationError.

    Nothing is changed there, so an adapter may use the directory at the same time.
    """
    account = settings.platform.account
    if account is None:
        raise ConfigurationError(
            "--disk-copy: there is no disk copy with platform.file; use --environment-file"
        )
    copy = disk_copy(account, directory, SystemClock())
    try:
        catalog = copy.peek()
    except (OSError, ValueError) as e:
        raise ConfigurationError(
            f"the disk copy in {directory} cannot be used: {system_words(e)}"
        ) from e
    contents = (api.content for api in catalog.apis)
    return _explainer(sync_options(settings), catalog.automated, contents)


def file_explainer(settings: Settings, path: Path) -> Explainer:
    """An explainer of this environment file; raises ConfigurationError with all of its faults.

    The settings need not name it, so that a file can be tried before it is put into its place.
    """
    # Only here: see that module.
    from adapter.app.environment_file import environment_file  # noqa: PLC0415

    options = replace(sync_options(settings), apis=None)
    file = environment_file(settings.platform.model_copy(update={"file": path}), options)
    try:
        file.read()
    except EnvironmentFileError as e:
        lines = "".join(f"\n  {fault}" for fault in e.faults)
        raise ConfigurationError(f"the environment file {path} cannot be used:{lines}") from None
    return _explainer(options, file.content.automated, file.content.apis.values())


def _explainer(
    options: SyncOptions, automated: tuple[AppliedPolicy, ...], contents: Iterable[ApiContent]
) -> Explainer:
    pool = RulePool()
    apis = [
        build_api(
            replace(content, policies=automated + content.policies),
            pool,
            ignored_types=options.ignored_policy_types,
            own_headers=options.own_headers,
            objection=options.objection,
        )
        for content in contents
    ]
    snapshot = Snapshot(0, {api.instance.api_id: api for api in apis})
    return Explainer(lambda: snapshot, nothing_known)
