"""`make fuzz`: mutates messages for FUZZ_SECONDS, and saves the first one that fails.

`python -m tests.fuzz [--seconds N] [--seed TEXT] [--only TARGET] [--file FILE]`
"""

import argparse
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapter.runtime.compiled import COMPILED
from tests.fuzz.run import fuzz, saved
from tests.fuzz.targets import Target, targets

_FAILED = Path(".cache/fuzz")


def main(arguments: Sequence[str], known: Mapping[str, Target]) -> int:
    """Run the targets one after the other; the exit code is 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--seed", default="", help="repeats a run; by default a new one")
    parser.add_argument("--only", choices=known, help="one target")
    parser.add_argument(
        "--file", type=Path, help="try this saved message with the target of --only"
    )
    options = parser.parse_args(arguments)
    if options.file:
        if not options.only:
            parser.error("--file needs --only TARGET")
        known[options.only].trial(options.file.read_bytes())
        print(f"{options.only}: {options.file} does not fail")
        return 0
    seed = options.seed or secrets.token_hex(4)
    print(f"{'compiled' if COMPILED else 'interpreted'} build, seed {seed}")
    chosen = {options.only: known[options.only]} if options.only else known
    share = options.seconds / len(chosen)
    return max([_run(name, target, seed, share) for name, target in chosen.items()])


def _run(name: str, target: Target, seed: str, seconds: float) -> int:
    result = fuzz(target, seed, seconds=seconds)
    if result.failure is None:
        print(f"{name}: {result.tried:,} messages, {result.read:,} of them read, none failed")
        return 0
    path = saved(result.failure, _FAILED, f"{name}-{seed}-{result.tried}")
    print(f"{name}: message {result.tried:,} failed: {result.failure.error!r}")
    print(f"  saved as {path}; repeat with: --only {name} --file {path}")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], targets()))
