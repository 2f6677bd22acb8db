"""Runs the meshes' own control planes with what is rendered, and real Envoys and adapters.

Their ports are fixed, so `in_own_network` should run this module.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from support.processes import ProgramError
from tests.mesh.running.bindings import run_envoy_gateway_by_bindings, run_istio_by_bindings
from tests.mesh.running.envoy_gateway import run_envoy_gateway, run_envoy_gateway_with_tls
from tests.mesh.running.istio import run_istio, run_istio_with_token

_RUNS: Final = (
    run_envoy_gateway,
    run_envoy_gateway_with_tls,
    run_envoy_gateway_by_bindings,
    run_istio_with_token,
    run_istio,
    run_istio_by_bindings,
)


async def _lines(directory: Path) -> AsyncIterator[str]:
    """A line for each Envoy; raises an error if an answer is not as it should be."""
    for number, run in enumerate(_RUNS):
        home = directory / str(number)
        home.mkdir()
        for line in await run(home):
            yield line


async def main() -> int:
    """Print the lines; the exit code is 1 after an error."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            async for line in _lines(Path(directory)):
                print(line, flush=True)
        except (RuntimeError, ProgramError) as e:
            print(e)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
