"""How many adapters run what was saved, of each API instance: as its roll-out says."""

import pytest

from control_plane.fleet import in_force, standing
from control_plane.fleet.in_force import InForce
from control_plane.store.tables import ApiInstance
from tests.control_plane.conftest import Platform
from tests.control_plane.fleet.reports import accepted, api, report, revision


def counted(platform: Platform) -> dict[int, tuple[int, int]]:
    """The numbers of all API instances, which must be those of their roll-outs."""
    known, now = platform.credentials, platform.clock.now()
    with platform.services.database.read() as session:
        apis = session.query(ApiInstance).order_by(ApiInstance.id).all()
        found = in_force.of_apis(
            session, known.organization_id, known.environment_id, [row.id for row in apis], now
        )
        for row in apis:
            rollout = standing.rollout(session, known.organization_id, row, now)
            assert found[row.id] == (rollout.running, rollout.live)
    return {api_id: (numbers.running, numbers.live) for api_id, numbers in found.items()}


async def test_it_says_what_the_roll_out_of_each_api_says(platform: Platform) -> None:
    """With changes of one API and of all, faults, and adapters that are silent or have a list."""
    first = (await platform.admin.create_api("orders"))["id"]
    second = (await platform.admin.create_api("cats"))["id"]
    assert counted(platform) == {first: (0, 0), second: (0, 0)}
    now = await revision(platform)
    await accepted(platform, report(now, api(first, now), api(second, now)), "all")
    await accepted(platform, report(now, api(first, now), wholeEnvironment=False), "one")
    closed = api(second, now, faults=["no policy"])
    await accepted(platform, report(now, api(first, None), closed), "closed")
    assert counted(platform) == {first: (2, 3), second: (1, 2)}
    await platform.admin.apply_policy(first, "cors", {"publicResource": True})
    assert counted(platform) == {first: (0, 3), second: (1, 2)}
    now = await revision(platform)
    await accepted(platform, report(now, api(first, now), api(second, now)), "all")
    assert counted(platform) == {first: (1, 3), second: (1, 2)}
    await platform.admin.apply_automated_policy("cors", {"publicResource": True})
    assert counted(platform) == {first: (0, 3), second: (0, 2)}
    platform.clock.move(hours=1)
    assert counted(platform) == {first: (0, 0), second: (0, 0)}


@pytest.mark.parametrize(
    ("found", "share"), [(InForce(), 1.0), (InForce(1, 4), 0.25), (InForce(4, 4), 1.0)]
)
def test_nothing_is_behind_without_an_adapter(found: InForce, share: float) -> None:
    """So the API instances of which something is behind come first."""
    assert found.share == share
