"""Checks that wait for a store which does not answer, on both servers, from a real gRPC client."""

from collections.abc import Awaitable, Callable

import grpc
import pytest

from adapter.ext_authz.service import CHECK
from adapter.ext_authz.waiting_checks import WaitingChecks
from adapter.runtime.clock import SystemClock
from tests.builders import api, applied
from tests.rig.adapters import TRANSPORTS, AdapterInProcess, SilentQuotas, Transport
from tests.rig.polling import until
from tests.unit.ext_authz.checks import check_request

LIMITED = {"rateLimits": [{"maximumRequests": 9, "timePeriodInMilliseconds": 60_000}]}
MESSAGE = check_request([], id="1").SerializeToString()


def _call(channel: grpc.aio.Channel, timeout_s: float) -> "grpc.aio.UnaryUnaryCall[bytes, bytes]":
    check: Callable[..., grpc.aio.UnaryUnaryCall[bytes, bytes]] = channel.unary_unary(CHECK)
    return check(MESSAGE, timeout=timeout_s)


async def _code(call: Awaitable[bytes]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value.code()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_check_that_may_not_wait_fails_at_once(transport: Transport) -> None:
    """The others keep their places until their client goes or their deadline has passed."""
    waiting = WaitingChecks(4, SystemClock())
    store = SilentQuotas()
    apis = [api("1", [applied("rate-limiting", LIMITED)])]
    async with (
        AdapterInProcess(apis, transport=transport, quotas=store, waiting=waiting) as adapter,
        grpc.aio.insecure_channel(adapter.address) as channel,
    ):
        leaving, late = _call(channel, 60), _call(channel, 1)
        await until(lambda: waiting.now == 2)
        assert await _code(_call(channel, 60)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert waiting.dropped == {"overload": 1, "abandoned": 0}
        leaving.cancel()
        assert await _code(late) is grpc.StatusCode.DEADLINE_EXCEEDED
        await until(lambda: waiting.now == 0)
        assert waiting.dropped == {"overload": 1, "abandoned": 2}
        assert adapter.observed.decisions == []
