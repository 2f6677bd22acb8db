"""Where the time of one Check goes, without a transport: `python -m benchmarks.profile`.

First the stages, timed as they are; then the functions, as cProfile sees them, which makes small
functions look dearer than they are.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from adapter.clock import SystemClock
from adapter.ext_authz.request import RequestReader
from adapter.ext_authz.response import ResponseWriter
from adapter.messages.check_pb2 import CheckRequest
from benchmarks.catalog import CHAINS, TYPICAL, USUAL, build_apis
from benchmarks.requests import TOKEN, Workload
from benchmarks.server import make_authorizer, make_service

_ROUNDS: Final = 5
_METADATA: Final = {"x-adapter-token": TOKEN}

T = TypeVar("T")
R = TypeVar("R")


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--chain", choices=list(CHAINS), default=TYPICAL)
    parser.add_argument("--checks", type=int, default=20_000)
    parser.add_argument("--functions", type=int, default=25, help="how many of them to show")
    given = parser.parse_args()
    messages = Workload(different=given.checks).messages()
    _print_stages(given.chain, messages)
    _print_functions(given.chain, messages, given.functions)


def _print_stages(chain: str, messages: Sequence[bytes]) -> None:
    clock = SystemClock()
    authorizer = make_authorizer(build_apis(USUAL, chain), clock)
    requests = [RequestReader().read(message, _METADATA) for message in messages]
    known = [request for request in requests if request is not None]
    decisions = [authorizer.authorize(request) for request in known]
    stages = {
        "parse the protobuf": _least_us(CheckRequest.FromString, messages),
        "read the request, parsing included": _least_us(_reading(), messages),
        "decide": _least_us(make_authorizer(build_apis(USUAL, chain), clock).authorize, known),
        "write the answer": _least_us(_writing(), decisions),
        "the whole service": _least_us(_whole(chain), messages),
    }
    for name, us in stages.items():
        print(f"{us:7.2f} us  {name}")


def _print_functions(chain: str, messages: Sequence[bytes], count: int) -> None:
    check = _whole(chain)
    profile = cProfile.Profile()
    profile.enable()
    for message in messages:
        check(message)
    profile.disable()
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(count)


def _reading() -> Callable[[bytes], object]:
    reader = RequestReader()
    return lambda message: reader.read(message, _METADATA)


def _writing() -> Callable[[Any], object]:
    return ResponseWriter().write


def _whole(chain: str) -> Callable[[bytes], object]:
    service = make_service(build_apis(USUAL, chain), SystemClock())
    return lambda message: service.check(message, _METADATA)


def _least_us(function: Callable[[T], R], inputs: Sequence[T]) -> float:
    """CPU time of one call: the best of a few rounds, since disturbances only add."""
    rounds = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        for each in inputs:
            function(each)
        rounds.append(time.process_time() - started)
    return min(rounds) / len(inputs) * 1e6


if __name__ == "__main__":
    main()
