"""Measures the most expensive Checks that a client can cause, kind by kind.

`python -m benchmarks.hostile` prints them, and so does `make bench`.
"""

import time
from dataclasses import replace
from typing import Final

from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.service import AuthorizationService
from adapter.policy.catalog import ApiContent
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from adapter.runtime.clock import SystemClock
from benchmarks.catalog import TYPICAL, USUAL, contents
from benchmarks.hostile_checks import HOSTILE_CHECKS, HostileCheck
from benchmarks.hostile_tokens import HOSTILE_TOKENS
from benchmarks.report import hostile_table
from benchmarks.requests import TOKEN
from benchmarks.server import make_service

ALL: Final = (*HOSTILE_CHECKS, *HOSTILE_TOKENS)
_ROUNDS: Final = 9
_METADATA: Final = {"x-adapter-token": TOKEN}


def measure_hostile_checks() -> dict[str, float]:
    """Milliseconds of CPU for one Check of each kind, without a transport."""
    (usual,) = contents(USUAL, TYPICAL)
    return {check.name: _least_ms(service_for(check, usual), check) for check in ALL}


def service_for(check: HostileCheck, usual: ApiContent) -> AuthorizationService:
    """A service for this Check."""
    api = build_api(replace(usual, policies=check.policies), RulePool())
    assert not api.faults, (check.name, api.faults)
    reader = RequestReader(forwarded_for_position=check.forwarded_for_position)
    return make_service((api,), SystemClock(), bindings=check.bindings, reader=reader)


def _least_ms(service: AuthorizationService, check: HostileCheck) -> float:
    """The best of a few rounds, because disturbances only add time."""
    message, rounds = check.message(), []
    for _ in range(_ROUNDS):
        started = time.process_time()
        service.check(message, _METADATA)
        rounds.append(time.process_time() - started)
    return min(rounds) * 1e3


def main() -> None:
    """Print the table."""
    print(hostile_table(measure_hostile_checks()))


if __name__ == "__main__":
    main()
