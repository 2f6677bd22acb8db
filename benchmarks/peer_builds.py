"""Builds the servers in `benchmarks/peers/`, each in a folder with a `Cargo.toml` or a `go.mod`.

A peer is one program. Its argument is the address to listen on (`host:port`, or `unix:/path` if its
library supports it). It answers every Check with an ALLOW. It prints `{"address": ...}` as its
first line when it serves, and ends when its standard input ends.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Final

from benchmarks.load import BenchmarkError
from benchmarks.plan import Peer

SOURCES: Final = Path(__file__).parent / "peers"
_CARGO: Final = "Cargo.toml"
_GO: Final = "go.mod"
TCP_ONLY: Final = frozenset({"pajamax"})
"""Peers whose library cannot listen on a Unix socket."""
CACHE: Final = Path(__file__).parents[1] / ".cache" / "peers"


async def build_peers(sources: Path = SOURCES, cache: Path = CACHE) -> list[Peer]:
    """Build all peers; raises BenchmarkError if one cannot be built."""
    folders = _folders(sources)
    if not folders:
        raise BenchmarkError("benchmarks/peers/ has no sources of peers")
    return [
        Peer(folder.name, await _build(folder, cache / folder.name), folder.name in TCP_ONLY)
        for folder in folders
    ]


def _folders(sources: Path) -> list[Path]:
    return sorted(path.parent for name in (_CARGO, _GO) for path in sources.glob(f"*/{name}"))


async def _build(source: Path, home: Path) -> Path:
    programs = home / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    if (source / _CARGO).exists():
        target = f"--target-dir={home / 'target'}"
        await _run("cargo", "install", "--quiet", "--locked", target, f"--root={home}", "--path=.",
                   directory=source)  # fmt: skip
    else:
        await _run("go", "build", "-o", f"{programs}/", ".", directory=source)
    return next(programs.iterdir())


async def _run(tool: str, *arguments: str, directory: Path) -> None:
    if shutil.which(tool) is None:
        raise BenchmarkError(f"{directory.name} needs {tool}: install it and put it on the PATH")
    process = await asyncio.create_subprocess_exec(
        tool,
        *arguments,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise BenchmarkError(f"{directory.name} did not build:\n{output.decode(errors='replace')}")
