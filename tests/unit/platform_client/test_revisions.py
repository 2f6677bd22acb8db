"""Which of the platform's changes are in force, as the sync knows from the platform's answers."""

import pytest

from adapter.platform_client.sync.revisions import Revisions
from tests.rig.platform_simulator import answering
from tests.unit.platform_client.sync_rig import BLOCKLIST, Rig


def revisions(rig: Rig) -> Revisions:
    """The revisions of API 7."""
    (status,) = rig.sync.api_statuses()
    return status.revisions


async def test_each_answer_says_how_far_it_goes(rig: Rig) -> None:
    """Policies, tiers and contracts of an API; automated policies and the list of the APIs."""
    rig.platform.revision = 12
    await rig.sync.sync_once()
    assert revisions(rig) == (12, 12, 12)
    assert rig.sync.environment_revisions == (12, 12)


async def test_what_was_not_fetched_keeps_its_revision(rig: Rig) -> None:
    """Tiers are fetched once a minute, policies and contracts in every poll."""
    rig.platform.revision = 12
    await rig.sync.sync_once()
    rig.platform.revision = 13
    await rig.sync.sync_once()
    assert revisions(rig) == (13, 12, 13)


async def test_a_failed_poll_brings_nothing_into_force(rig: Rig) -> None:
    """The contracts were read, but the policies were not, so neither is taken over."""
    rig.platform.revision = 12
    await rig.sync.sync_once()
    rig.platform.revision = 13
    rig.platform.fail("/7/policies", answering(500))
    await rig.sync.sync_once()
    assert revisions(rig) == (12, 12, 12)


async def test_an_empty_list_counts_when_it_is_believed(rig: Rig) -> None:
    """Until the platform says it again, the old policies stay in force."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    rig.platform.automate("ip-blocklist", BLOCKLIST)
    rig.platform.revision = 12
    await rig.sync.sync_once()
    rig.api.remove_policies()
    rig.platform.automated.clear()
    rig.platform.revision = 13
    await rig.sync.sync_once()
    assert revisions(rig).policies == 12
    assert rig.sync.environment_revisions[0] == 12
    await rig.sync.sync_once()
    assert revisions(rig).policies == 13
    assert rig.sync.environment_revisions[0] == 13


async def test_an_api_that_is_gone_has_no_revisions() -> None:
    """Nothing of it is in force, whatever was before."""
    rig = Rig(apis=("7",))
    rig.platform.revision = 12
    await rig.sync.sync_once()
    del rig.platform.apis["7"]
    for _ in range(3):
        await rig.sync.sync_once()
    assert revisions(rig) == (None, None, None)
    assert rig.sync.environment_revisions == (12, None)


@pytest.mark.parametrize("header", ["", "-1", "1.5", "x", "²", "9" * 19])
async def test_an_odd_revision_is_none(rig: Rig, header: str) -> None:
    """Another platform may use the name of the header for something else."""
    rig.platform.fail("/7/policies", answering(200, '{"policies": []}', x_platform_revision=header))
    await rig.sync.sync_once()
    assert revisions(rig).policies is None
