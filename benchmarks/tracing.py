"""Measures what spans cost a Check, without a transport: off and on, in turn.

    python -m benchmarks.tracing [--short]

Shares of 0, 1 and 100 % are sampled. Each Check has a `traceparent`, as from an Envoy with tracing.
Making, encoding and compressing the spans counts; sending them does not. Prints a table.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from adapter.runtime.clock import SystemClock
from adapter.runtime.compiled import BUILD
from adapter.transport.service import Metadata
from benchmarks.catalog import TYPICAL, USUAL, build_apis
from benchmarks.requests import TOKEN, Workload
from benchmarks.server import make_service
from benchmarks.spans import Traced

SHARES: Final = (0.0, 0.01, 1.0)


class Cost(NamedTuple):
    """Medians of one share of sampled Checks."""

    check_us: float
    """CPU per Check."""
    ratio: float
    """To the same turn with tracing off."""


def measure(checks: int, turns: int) -> dict[str, Cost]:
    """The cost by share; turns alternate, because the machine may become slower or faster."""
    workload = Workload(USUAL, different=checks)
    messages, clock = workload.messages(), SystemClock()
    apis = tuple(build_apis(USUAL, TYPICAL))
    off = make_service(apis, clock)
    traced = Traced(clock)
    inner = make_service(apis, clock, observer=traced.notes, tracer=traced.tracer).method
    check = traced.method(inner).call
    runner = asyncio.Runner()

    def flush() -> None:
        runner.run(traced.flush())

    by_share: dict[str, list[tuple[float, float]]] = {}
    for _ in range(turns):
        base = _us(off.check, messages, _metadata(checks, 0.01), lambda: None)
        by_share.setdefault("off", []).append((base, 1.0))
        for share in SHARES:
            cost = _us(
                check, messages, _metadata(checks, share), lambda: runner.run(traced.flush())
            )
            by_share.setdefault(f"on, {share:.0%} sampled", []).append((cost, cost / base))
    runner.close()
    return {
        name: Cost(*(statistics.median(column) for column in zip(*found, strict=True)))
        for name, found in by_share.items()
    }


def _metadata(count: int, share: float) -> list[Metadata]:
    """Metadata with a sampled parent in that share of the Checks."""
    every = round(1 / share) if share else count + 1
    return [
        {
            "x-adapter-token": TOKEN,
            "traceparent": f"00-{n + 1:032x}-{n + 1:016x}-{'00' if (n + 1) % every else '01'}",
            "tracestate": "",
        }
        for n in range(count)
    ]


def _us(
    check: Callable[[bytes, Metadata], object],
    messages: Sequence[bytes],
    metadata: Sequence[Metadata],
    flush: Callable[[], None],
) -> float:
    started = time.process_time()
    for message, each in zip(messages, metadata, strict=True):
        check(message, each)
    flush()
    return (time.process_time() - started) / len(messages) * 1e6


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracing", description=__doc__)
    parser.add_argument("--short", action="store_true", help="few Checks; shows only that it works")
    checks, turns = (200, 1) if parser.parse_args().short else (20_000, 15)
    print(f"{BUILD} build\n\n| tracing | CPU per Check, us | to off |\n|---|---|---|")
    for name, cost in measure(checks, turns).items():
        print(f"| {name} | {cost.check_us:.2f} | {cost.ratio:.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
