"""What a poll takes over, publishes and logs."""

from functools import partial

from structlog.testing import capture_logs

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.sync.environment import Environment
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.polls import Polls
from adapter.platform_client.sync.publication import Publication
from adapter.platform_client.sync.tracked_apis import TrackedApis
from adapter.policy.catalog import ApiInstance
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from adapter.runtime.spans import Tracer
from tests.rig.clock import FakeClock
from tests.rig.platform_options import options
from tests.rig.platform_simulator import PlatformSimulator
from tests.unit.platform_client.sync_rig import Rig, no_jitter


async def test_an_api_dropped_while_all_are_published_does_not_come_back() -> None:
    """All APIs are published a few at a time; one that is dropped meanwhile is skipped."""
    clock, chosen = FakeClock(), options().sync
    store = SnapshotStore(clock)
    ids = [str(number) for number in range(30)]

    class DropsTheLast(SyncObserver):
        def published(self, apis: int) -> None:
            tracked.drop_unlisted(ids[:-1])

    observer = DropsTheLast()
    environment = Environment(chosen, clock, no_jitter)
    tracked = TrackedApis(chosen, clock, no_jitter)
    publication = Publication(store, partial(build_api, pool=RulePool()), environment, observer)
    polls = Polls(
        PlatformSimulator(clock).client(),
        environment,
        tracked,
        publication,
        options=chosen,
        observer=observer,
        tracer=Tracer(),
        changed=lambda: None,
    )
    for api_id in ids:
        tracked.note_listed(ApiInstance(api_id, api_id))
    for api in tracked:
        api.gone = True
    await polls.publish_in_turns(tracked)
    assert store.current.apis.keys() == set(ids[:-1])


async def test_policies_for_mule_runtimes_only_are_logged_once_per_change() -> None:
    """An admin who misses an automated policy finds in the log why it is not enforced."""
    rig = Rig()
    scope = {"environmentId": "env", "technologies": ["mule4"]}
    with capture_logs() as logs:
        await rig.sync.sync_once()
        rig.platform.automate("ip-blocklist", {"ips": ["192.0.2.1"]}, ruleOfApplication=scope)
        await rig.sync.sync_once()
        await rig.sync.sync_once()
        rig.platform.automated.clear()
        await rig.sync.sync_once()
        await rig.sync.sync_once()
    events = [log for log in logs if log["event"] == "platform.automated_policies_for_mule_only"]
    assert {log["log_level"] for log in events} == {"info"}
    named, none_left = (log["left_out"] for log in events)
    assert [name.partition(" ")[0] for name in named] == ["ip-blocklist"]
    assert none_left == ()
