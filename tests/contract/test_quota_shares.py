"""What one policy's keys can take from the others, in every QuotaStore."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.authorization.ports import QuotaStore
from adapter.quota.memory.store import MemoryQuotaStore
from tests.contract.benches import BENCHES, OpenBench
from tests.rig.clock import ManualClock
from tests.rig.quota import a_charge_of, made
from tests.rig.redis_server import RedisServer

HOUR = (5, 3_600_000)
DAY = (9, 86_400_000)
ANOTHER = "rate-limiting/2"


@pytest.fixture(params=BENCHES)
def open_bench(request: pytest.FixtureRequest) -> OpenBench:
    """Each kind of store in turn."""
    return BENCHES[request.param]


async def counted(
    store: QuotaStore, policy: str, keys: range, *limits: tuple[int, int]
) -> list[str]:
    """The keys of these that the policy could count."""
    charged = {
        f"{n}": await made(store.charge("", a_charge_of(policy, f"{n}", *(limits or (HOUR,)))))
        for n in keys
    }
    return [key for key, state in charged.items() if not state.unknown]


async def test_invented_keys_of_one_policy_leave_the_limits_of_others_alone(
    open_bench: OpenBench, redis_server: RedisServer
) -> None:
    """2,100 of them at `max_windows: 2000` made every other API's limit answer 503."""
    async with open_bench(redis_server, 2_000) as (store, _):
        assert len(await counted(store, "rate-limiting/1", range(2_100))) == 1_000
        assert len(await counted(store, ANOTHER, range(500))) == 500


async def test_keys_that_are_counted_already_go_on_beyond_the_share(
    open_bench: OpenBench, redis_server: RedisServer
) -> None:
    """Only new keys suffer from it, and nobody's count is forgotten."""
    async with open_bench(redis_server, 4) as (store, _):
        assert await counted(store, "rate-limiting/1", range(9)) == ["0", "1"]
        state = await made(store.charge("", a_charge_of("rate-limiting/1", "0", HOUR)))
        assert state.remaining == (3,)
        refused = await made(store.charge("", a_charge_of("rate-limiting/1", "8", HOUR)))
        assert (refused.admitted, "quota.max_windows" in refused.unknown) == (False, True)


async def test_a_share_is_free_again_once_its_windows_have_ended(
    open_bench: OpenBench, redis_server: RedisServer
) -> None:
    """The policy recovers by itself."""
    async with open_bench(redis_server, 4) as (store, hours_pass):
        await counted(store, "rate-limiting/1", range(9))
        await hours_pass(1)
        assert await counted(store, "rate-limiting/1", range(20, 22)) == ["20", "21"]


async def test_a_charge_of_several_limits_begins_all_windows_or_none(
    open_bench: OpenBench, redis_server: RedisServer
) -> None:
    """One that finds a place for some of them only charges nothing."""
    async with open_bench(redis_server, 5) as (store, _):
        await counted(store, "rate-limiting/1", range(2), HOUR)
        assert await counted(store, "rate-limiting/1", range(1), HOUR, DAY, (1, 9_999)) == []
        state = await made(store.charge("", a_charge_of("rate-limiting/1", "0", HOUR)))
        assert state.remaining == (3,)


@settings(max_examples=50)
@given(
    taken=st.lists(st.integers(0, 300), max_size=120),
    others=st.lists(
        st.sampled_from(["rate-limiting/2", "rate-limiting/3", "spike/4"]), max_size=24
    ),
    kind=st.sampled_from(["memory", "redis"]),
)
def test_whatever_keys_one_policy_gets_others_have_their_share(
    redis_server: RedisServer, taken: list[int], others: list[str], kind: str
) -> None:
    """Policies that together count less than a quarter of the windows always can."""

    async def play() -> None:
        async with BENCHES[kind](redis_server, 100) as (store, _):
            turns = max(len(taken), len(others))
            for n in range(turns):
                for key in taken[n : n + 1]:
                    await made(store.charge("", a_charge_of("rate-limiting/1", f"{key}", HOUR)))
                for policy in others[n : n + 1]:
                    state = await made(store.charge("", a_charge_of(policy, f"{n}", HOUR)))
                    assert state.admitted

    asyncio.run(play())


@pytest.mark.parametrize("limit", [(10**400, 1_000), (5, 10**400), (10**400, 10**400)])
async def test_a_limit_beyond_all_bounds_is_counted_like_any_other(
    limit: tuple[int, int], open_bench: OpenBench, redis_server: RedisServer
) -> None:
    """An absurd number neither makes each Check fail nor a shared store count as down."""
    async with open_bench(redis_server) as (store, _):
        for _ in range(5):
            state = await made(store.charge("", a_charge_of("rate-limiting/1", "k", limit)))
            assert (state.admitted, state.unknown) == (True, "")


def test_one_charge_does_not_pay_for_all_windows_that_ended() -> None:
    """A burst of keys that ended together is forgotten piece by piece."""
    clock = ManualClock()
    store = MemoryQuotaStore(clock, max_windows=20_000)
    for n in range(10_000):
        store.charge("", a_charge_of("rate-limiting/1", f"{n}", HOUR))
    clock.time_s += 3_600
    store.charge("", a_charge_of(ANOTHER, "k", HOUR))
    assert len(store) > 8_000
