"""Which changes are in force: what adapters report, compared with what admins save."""

from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy import select

from control_plane.fleet import standing
from control_plane.fleet.standing import Rollout
from control_plane.fleet.states import Word
from control_plane.store.tables import Adapter, ApiInstance, Environment
from tests.control_plane.conftest import Platform
from tests.control_plane.fleet.reports import accepted, api, report, revision

CORS = ("cors", {"publicResource": True})
LIMITS = [(10, 1000)]


def states(platform: Platform, environment_id: str = "") -> Mapping[str, str]:
    """What the list of adapters says, by the adapters' names."""
    known = platform.credentials
    environment_id = environment_id or known.environment_id
    with platform.services.database.read() as session:
        rows = list(session.scalars(select(Adapter).order_by(Adapter.id)))
        found = standing.of_adapters(
            session, known.organization_id, environment_id, rows, platform.clock.now()
        )
        return {row.instance_id: found[row.id].text for row in rows}


def of_apis(platform: Platform) -> Mapping[int, tuple[str, str]]:
    """The state of each API on the first adapter, and why."""
    with platform.services.database.read() as session:
        adapter = session.scalars(select(Adapter).order_by(Adapter.id)).first()
        assert adapter is not None
        found = standing.of_apis(
            session, platform.credentials.organization_id, adapter, platform.clock.now()
        )
        return {row.api_id: (row.state.text, row.state.why) for row in found}


def rollout(platform: Platform, api_id: int) -> Rollout:
    """How far the last change of an API has come."""
    with platform.services.database.read() as session:
        row = session.get_one(ApiInstance, api_id)
        return standing.rollout(
            session, platform.credentials.organization_id, row, platform.clock.now()
        )


async def test_an_adapter_that_has_everything_is_in_sync(platform: Platform) -> None:
    """Also if others saved later what does not concern it."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    await accepted(platform, report(now, api(api_id, now)))
    assert states(platform) == {"gw-1:9001": "in sync"}
    await platform.admin.create_application("without a contract")
    await platform.admin.ask("PATCH", f"{platform.apis}/{api_id}", {"description": "d"})
    assert await revision(platform) > now
    assert states(platform) == {"gw-1:9001": "in sync"}
    assert of_apis(platform) == {api_id: ("in sync", "")}


async def test_each_kind_of_change_is_waited_for(platform: Platform) -> None:
    """Policies, their order, tiers, contracts, secrets, automated policies, APIs."""
    admin = platform.admin
    api_id, application = await platform.api_and_application()
    policy = await admin.apply_policy(api_id, *CORS)
    await admin.request_contract(api_id, application["id"])
    path = f"{platform.apis}/{api_id}/policies"
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: admin.apply_policy(api_id, *CORS),
        lambda: admin.change_policy(api_id, policy["id"], disabled=True),
        lambda: admin.ask("PATCH", path, [{"id": policy["id"], "order": 9}]),
        lambda: admin.delete_policy(api_id, policy["id"]),
        lambda: admin.create_tier(api_id, "gold", LIMITS),
        lambda: admin.revoke(api_id, 1),
        lambda: admin.reset_secret(application["id"]),
        lambda: admin.apply_automated_policy(*CORS),
        lambda: admin.delete_automated_policy(1),
        lambda: admin.create_api("stock"),
        lambda: admin.delete_api(2),
    ]
    for number, act in enumerate(acts):
        now = await revision(platform)
        await accepted(platform, report(now, api(api_id, now)))
        assert states(platform) == {"gw-1:9001": "in sync"}, number
        await act()
        assert states(platform) == {"gw-1:9001": "applying"}, number


async def test_late_changes_are_counted(platform: Platform) -> None:
    """After two polls the adapter is behind: by how many changes, and for how long."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    await accepted(platform, report(now, api(api_id, now)))
    await platform.admin.apply_policy(api_id, *CORS)
    await platform.admin.apply_automated_policy(*CORS)
    platform.clock.move(seconds=40)
    await accepted(platform, report(now, api(api_id, now)))
    assert states(platform) == {"gw-1:9001": "behind by 2 revisions and 40 s"}
    assert of_apis(platform)[api_id][0] == "behind by 2 revisions and 40 s"
    later = await revision(platform)
    await accepted(platform, report(later, api(api_id, later)))
    assert states(platform) == {"gw-1:9001": "in sync"}


async def test_many_changes_at_once_are_counted_too(platform: Platform) -> None:
    """More than are read from a report one by one."""
    ids = [(await platform.admin.create_api(f"api-{n}"))["id"] for n in range(25)]
    now = await revision(platform)
    await accepted(platform, report(now, *(api(api_id, now) for api_id in ids)))
    for api_id in ids:
        await platform.admin.apply_policy(api_id, *CORS)
    platform.clock.move(seconds=40)
    later = await revision(platform)
    some = (api(api_id, later if api_id % 2 else now) for api_id in ids)
    await accepted(platform, report(now, *some))
    assert states(platform) == {"gw-1:9001": "behind by 12 revisions and 40 s"}


async def test_tiers_have_their_own_time(platform: Platform) -> None:
    """Adapters fetch them once a minute, and their lag delays nothing else."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    await platform.admin.apply_policy(api_id, *CORS)
    later = await revision(platform)
    await accepted(platform, report(later, api(api_id, later) | {"tiers": now}))
    assert states(platform) == {"gw-1:9001": "in sync"}
    await platform.admin.create_tier(api_id, "gold", LIMITS)
    platform.clock.move(seconds=100)
    await accepted(platform, report(later, api(api_id, later)))
    assert states(platform) == {"gw-1:9001": "applying"}
    platform.clock.move(seconds=40)
    await accepted(platform, report(later, api(api_id, later)))
    assert states(platform) == {"gw-1:9001": "behind by 1 revision and 2 min"}


async def test_a_closed_api_is_rejected(platform: Platform) -> None:
    """With the reason at the API, and their number at the adapter."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    faulty = api(api_id, now, faults=["policy 1 (no-such): unknown", "policy 2: no"])
    await accepted(platform, report(now, faulty))
    assert states(platform) == {"gw-1:9001": "rejected"}
    why = "policy 1 (no-such): unknown; policy 2: no"
    assert of_apis(platform) == {api_id: ("rejected", why)}


async def test_a_silent_adapter_is_unknown(platform: Platform) -> None:
    """Even if it was behind or closed an API."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    await accepted(platform, report(1, api(api_id, 1, faults=["no"])))
    platform.clock.move(seconds=51)
    assert states(platform) == {"gw-1:9001": "unknown"}
    assert of_apis(platform) == {api_id: ("unknown", "")}


async def test_an_adapter_that_started_from_its_disk_copy_is_not_in_sync(
    platform: Platform,
) -> None:
    """It enforces something, but nobody can tell whether it is current."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    unconfirmed = api(api_id, None, fromDisk=True, notes=["the last poll failed: 503"])
    platform.clock.move(minutes=1)
    await accepted(platform, report(None, unconfirmed))
    # The list of APIs is not confirmed, either.
    assert states(platform)["gw-1:9001"] == "applying"
    assert of_apis(platform)[api_id] == ("applying", "the last poll failed: 503")


async def test_an_adapter_with_a_list_of_apis_answers_for_these_only(platform: Platform) -> None:
    """`platform.apis` names them. One that has no such API does not count in its roll-out."""
    first = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    few = report(now, api(first, now), wholeEnvironment=False, instances=None)
    await accepted(platform, few, "few")
    second = (await platform.admin.create_api("stock"))["id"]
    await platform.admin.apply_policy(second, *CORS)
    assert states(platform) == {"few": "in sync"}
    assert rollout(platform, second).adapters == []
    assert of_apis(platform) == {first: ("in sync", "")}


async def test_an_api_that_was_deleted_here_may_still_be_there(platform: Platform) -> None:
    """Until the adapter has read the list of APIs again."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    await accepted(platform, report(now, api(api_id, now)))
    await platform.admin.delete_api(api_id)
    assert of_apis(platform) == {api_id: ("applying", "")}
    later = await revision(platform)
    await accepted(platform, report(later))
    assert of_apis(platform) == {}
    assert states(platform) == {"gw-1:9001": "in sync"}


async def test_other_environments_do_not_matter(platform: Platform) -> None:
    """Neither their APIs nor their automated policies."""
    organization_id = platform.credentials.organization_id
    with platform.services.database.write() as session:
        session.add(Environment(id="other", organization_id=organization_id, name="Other"))
    now = await revision(platform)
    await accepted(platform, report(now))
    elsewhere = platform.apis.replace(platform.credentials.environment_id, "other")
    spec = {"groupId": "g", "assetId": "a", "version": "1"}
    created = await platform.admin.ask("POST", elsewhere, {"spec": spec})
    policy = {"assetId": "cors", "assetVersion": "1", "configurationData": {}}
    await platform.admin.ask("POST", f"{elsewhere}/{created['id']}/policies", policy)
    rule = {"ruleOfApplication": {"environmentId": "other"}}
    automated = f"{platform.organization}/automated-policies"
    made = await platform.admin.ask("POST", automated, policy | rule)
    await platform.admin.ask("PATCH", f"{automated}/{made['id']}", {"disabled": True})
    await platform.admin.delete_automated_policy(made["id"])
    await platform.admin.ask("DELETE", f"{elsewhere}/{created['id']}")
    assert states(platform) == {"gw-1:9001": "in sync"}


async def test_a_rollout_counts_the_adapters_that_run_the_last_change(platform: Platform) -> None:
    """Silent ones are shown, and not counted."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    await accepted(platform, report(now, api(api_id, now)), "silent")
    platform.clock.move(minutes=5)
    await platform.admin.apply_policy(api_id, *CORS)
    saved = await revision(platform)
    await accepted(platform, report(now, api(api_id, now)), "slow")
    await accepted(platform, report(saved, api(api_id, saved)), "quick")
    found = rollout(platform, api_id)
    assert found.change is not None
    assert (found.change.number, found.running, found.live) == (saved, 1, 2)
    assert not found.complete
    assert {adapter.instance_id: state.word for adapter, state in found.adapters} == {
        "quick": Word.IN_SYNC,
        "silent": Word.UNKNOWN,
        "slow": Word.APPLYING,
    }
    await accepted(platform, report(saved, api(api_id, saved)), "slow")
    assert rollout(platform, api_id).complete


async def test_an_automated_policy_is_a_change_of_every_api(platform: Platform) -> None:
    """The roll-out of an API waits for it."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    now = await revision(platform)
    await accepted(platform, report(now, api(api_id, now)))
    await platform.admin.apply_automated_policy(*CORS)
    found = rollout(platform, api_id)
    assert found.change is not None
    assert found.change.number == await revision(platform)
    assert not found.complete


async def test_an_empty_audit_log_has_no_last_change(platform: Platform) -> None:
    """As after an upgrade from a version without an audit log."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    with platform.services.database.connection(write=True) as connection:
        connection.exec_driver_sql("DELETE FROM audit_entries")
    await accepted(platform, report(0, api(api_id, 0)))
    assert rollout(platform, api_id).change is None
    assert states(platform) == {"gw-1:9001": "in sync"}
