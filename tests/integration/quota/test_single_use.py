"""A DPoP proof is used once by all processes that share quotas."""

import uuid
from collections.abc import Awaitable

from adapter.authorization.effect_ports import UseOncePort
from adapter.policy.effects.effect import Outcome
from adapter.policy.effects.use import Usage, UseOnce
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.verdicts import CONTINUE
from adapter.quota.redis.store import RedisQuotaStore
from adapter.runtime.clock import SystemClock
from tests.rig.quota import redis_store
from tests.rig.redis_server import RedisServer


async def used(store: RedisQuotaStore, check_id: str, name: str) -> Outcome:
    """What a process with that store says about a proof of this moment."""
    clock = SystemClock()
    proof = UseOnce(("7", "jwt/1", name), float(int(clock.now())), 60, lambda _: CONTINUE)
    usage = UseOncePort(store, clock, 30).settle(GivenAttributes(check_id), proof, 0.0)
    assert isinstance(usage, Awaitable)
    outcome: Outcome = await usage
    return outcome


async def test_a_proof_that_another_process_saw_is_refused(redis_server: RedisServer) -> None:
    """And a Check that Envoy repeats to another process is no second use."""
    prefix = f"{uuid.uuid4()}:"
    async with (
        redis_store(redis_server.url, prefix=prefix) as one,
        redis_store(redis_server.url, prefix=prefix) as other,
    ):
        assert await used(one, "1", "a") == Usage()
        assert await used(other, "1", "a") == Usage()
        assert await used(other, "2", "a") == Usage("it was used before")
        assert await used(other, "3", "b") == Usage()
