"""What a start does not take the time to import."""

import os
import subprocess
import sys

import pytest

# In a process of its own, since this one has imported everything.
_START = """
import asyncio, sys
from adapter import cli
from adapter.telemetry import logs, metrics
from adapter.app.adapter import Adapter
from adapter.settings import load_settings

async def start():
    Adapter(load_settings(None))

asyncio.run(start())
print(*{name.partition(".")[0] for name in sys.modules}, *sys.modules)
"""
_GIVEN = {
    "PLATFORM__BASE_URL": "https://platform.test",
    "PLATFORM__ORGANIZATION_ID": "org",
    "PLATFORM__ENVIRONMENT_ID": "env",
    "PLATFORM__CLIENT_ID": "gateway",
    "PLATFORM__CLIENT_SECRET": "secret",
}
_REDIS = {"QUOTA__STORE": "redis", "QUOTA__URL": "redis://127.0.0.1:9"}
_GRPCIO = {"LISTENER__TRANSPORT": "grpcio"}


def imported(settings: dict[str, str]) -> set[str]:
    """The packages and modules that an adapter with those settings imports before it starts."""
    environment = {f"POLICY_ADAPTER_{name}": value for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-c", _START],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_what_is_not_needed_is_not_imported() -> None:
    """Each of these would take a noticeable part of a cold start."""
    http = {"aiohttp", "certifi", "httpx", "requests", "yarl"}
    spared = http | {"fastapi", "grpc", "opentelemetry", "redis", "sansldap", "sqlalchemy"}
    spared.add("adapter.app.environment_file")
    assert imported(_GIVEN) & spared == set()


@pytest.mark.parametrize(("settings", "package"), [(_REDIS, "redis"), (_GRPCIO, "grpc")])
def test_what_the_settings_ask_for_is(settings: dict[str, str], package: str) -> None:
    """The same look finds what another configuration needs."""
    assert package in imported({**_GIVEN, **settings})
