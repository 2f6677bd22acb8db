"""Measures good clients while others try random credentials.

`python -m benchmarks.credential_flood` prints latencies, CPU and memory without and with the flood.
A real server is asked about each random password or token. It runs on the same machine, so its CPU
time is part of what good clients feel. With `--chain "jwt-validation, JWKS"`, every second token
names a key that does not exist, and the others have a wrong signature.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from dataclasses import replace
from typing import Final, NamedTuple

import grpc
import grpc.aio

from adapter.ext_authz.service import CHECK
from benchmarks import plan
from benchmarks.catalog import INVENTED, JWKS, LDAP, PROVIDER_SETTINGS, TOKENS, USUAL, basic
from benchmarks.load import Sample
from benchmarks.plan import Adapter
from benchmarks.processes import MeasuredProcess, cpu_s, resident_mb
from benchmarks.replay import Replay
from benchmarks.requests import TOKEN, Workload
from benchmarks.tokens import forged

_GOOD_PER_S: Final = 2_000
_SECONDS: Final = 5.0
_FLOOD_CLIENTS: Final = 16
_PATIENCE: Final = ("x-envoy-expected-rq-timeout-ms", "1000")
"""How long Envoy waits for an answer. With more, the flood would wait for key sets all the time."""
_SERVED: Final = frozenset({grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED})


class Figures(NamedTuple):
    """What one phase showed."""

    sample: Sample
    cpu_us: float
    """CPU of the adapter for each request of a good client, the flood's share included."""
    memory_mb: float

    def line(self, name: str) -> str:
        """A row of the table."""
        p50, p99 = (self.sample.quantile_us(q) for q in (0.5, 0.99))
        return f"| {name} | {p50:,.0f} | {p99:,.0f} | {self.cpu_us:.0f} | {self.memory_mb:.1f} |"


async def _phase(server: MeasuredProcess, good: Replay, seconds: float) -> Figures:
    requests, used_s = int(_GOOD_PER_S * seconds), cpu_s(server.pid)
    sample = await good.run_paced(server.address, requests, per_second=_GOOD_PER_S)
    cpu_us = (cpu_s(server.pid) - used_s) / requests * 1e6
    return Figures(sample, cpu_us, resident_mb(server.pid))


async def measure(chain: str, seconds: float = _SECONDS) -> list[str]:
    """Measure each phase for that time; return the lines of a table."""
    good = Replay(replace(plan.workload_for(chain), different=2_000))
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        async with MeasuredProcess(Adapter(chain=chain).command(f"unix:{directory}/s")) as server:
            await good.run(server.address, 2_000, connections=1, streams=1)
            alone = await _phase(server, good, seconds)
            command = (sys.executable, "-m", "benchmarks.credential_flood", "--chain", chain)
            pipe = asyncio.subprocess.PIPE
            flood = await asyncio.create_subprocess_exec(
                *command, "--flood", server.address, stdin=pipe, stdout=pipe
            )
            assert flood.stdout is not None
            await flood.stdout.readline()
            flooded = await _phase(server, good, seconds)
            answered, _ = await flood.communicate(b"")
            after = await _phase(server, good, seconds)
    return [
        "| good clients | p50 us | p99 us | CPU us | memory MB |",
        "|---|---|---|---|---|",
        alone.line("alone"),
        flooded.line("during the flood"),
        after.line("after it"),
        f"Random credentials answered: {answered.decode().strip()}",
    ]


async def flood(chain: str, address: str) -> None:
    """Try random credentials until standard input ends; then print how many were answered."""
    check = Workload(USUAL, different=1)
    choice = random.Random(0)  # noqa: S311 - no secret
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    counts: dict[str, int] = {}
    async with grpc.aio.insecure_channel(address) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(CHECK)

        async def client() -> None:
            while not ended.done():
                tried = replace(check, authorization=_invented(chain, choice)).one_message()
                try:
                    await call(tried, metadata=(("x-adapter-token", TOKEN), _PATIENCE))
                    code = grpc.StatusCode.OK
                except grpc.aio.AioRpcError as e:
                    code = e.code()
                assert code in _SERVED, code
                counts[code.name] = counts.get(code.name, 0) + 1

        print("ready", flush=True)
        await asyncio.gather(*(client() for _ in range(_FLOOD_CLIENTS)))
    print(", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())))


def _invented(chain: str, choice: random.Random) -> str:
    """A random `authorization` header."""
    number = choice.getrandbits(128)
    if chain == LDAP:
        return basic(f"{number >> 64:x}", f"{number:x}")
    if chain == JWKS:
        return forged(TOKENS[JWKS], f"{number:x}" if number % 2 else "k1", number)
    return f"Bearer {INVENTED}{number:x}"


def main() -> None:
    """Measure, or be the flood."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chain", choices=list(PROVIDER_SETTINGS), default=LDAP)
    parser.add_argument("--flood", metavar="ADDRESS", help="only send the flood to this address")
    given = parser.parse_args()
    if given.flood:
        asyncio.run(flood(given.chain, given.flood))
    else:
        print("\n".join(asyncio.run(measure(given.chain))))


if __name__ == "__main__":
    main()
