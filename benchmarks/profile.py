"""Shows where the time of one Check goes, without a transport: `python -m benchmarks.profile`.

It prints the stages first, and then the functions from cProfile. cProfile makes small functions
look more expensive than they are.
"""

import argparse
import cProfile
import pstats

from adapter.runtime.clock import SystemClock
from benchmarks.catalog import CHAINS, TYPICAL, USUAL, CatalogSize, build_apis
from benchmarks.requests import Workload
from benchmarks.server import make_service
from benchmarks.stages import METADATA, measure_stages


def main() -> None:
    """Print stages and functions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--chain", choices=list(CHAINS), default=TYPICAL)
    parser.add_argument("--apis", type=int, default=USUAL.apis)
    parser.add_argument("--contracts", type=int, default=USUAL.contracts)
    parser.add_argument("--checks", type=int, default=20_000)
    parser.add_argument("--functions", type=int, default=25, help="number of functions to show")
    given = parser.parse_args()
    size = CatalogSize(given.apis, given.contracts)
    messages = Workload(size, different=given.checks).messages()
    apis = tuple(build_apis(size, given.chain))
    for name, us in measure_stages(apis, messages).items():
        print(f"{us:7.2f} us  {name}")
    service = make_service(apis, SystemClock())
    with cProfile.Profile() as profile:
        for message in messages:
            service.check(message, METADATA)
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(given.functions)


if __name__ == "__main__":
    main()
