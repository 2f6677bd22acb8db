"""Measures the stages of one Check, without a transport."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.check.request import EnvoyRequest
from adapter.messages.check_pb2 import CheckRequest
from adapter.policy.snapshot import Api
from adapter.runtime.clock import SystemClock
from benchmarks.requests import TOKEN
from benchmarks.server import fixed_snapshot, make_authorizer, make_service
from support.defaults import response_writer

METADATA: Final = {"x-adapter-token": TOKEN}
_ROUNDS: Final = 5


def measure_stages(apis: Sequence[Api], messages: Sequence[bytes]) -> dict[str, float]:
    """Microseconds of CPU for one Check, per stage and in total."""
    reader, clock = RequestReader(), SystemClock()
    authorizer = make_authorizer(fixed_snapshot(apis, clock), clock)
    read = [reader.read(message, METADATA) for message in messages]
    requests = [request for request in read if isinstance(request, EnvoyRequest)]
    answers = [(authorizer.authorize(request), request) for request in requests]
    service = make_service(apis, clock)
    return {
        "parse the protobuf": _least_us(CheckRequest.FromString, messages),
        "read the request, parsing included": _least_us(_with_metadata(reader.read), messages),
        "decide": _least_us(authorizer.authorize, requests),
        "write the answer": _least_us(_with_both(response_writer().write), answers),
        "the whole service": _least_us(_with_metadata(service.check), messages),
    }


def _with_metadata(function: Callable[..., object]) -> Callable[[bytes], object]:
    return lambda message: function(message, METADATA)


def _with_both(function: Callable[..., object]) -> Callable[[tuple[Any, Any]], object]:
    return lambda both: function(*both)


def _least_us(function: Callable[..., object], inputs: Sequence[Any]) -> float:
    """CPU time of one call: the best of a few rounds, because disturbances only add time."""
    rounds = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        for each in inputs:
            function(each)
        rounds.append(time.process_time() - started)
    return min(rounds) / len(inputs) * 1e6
