"""`check-config --online` against real servers: each answer, and each failure in exact words."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from typer.testing import CliRunner

from adapter.cli import app
from tests.integration.http_client.servers import serving
from tests.rig.adapter_process import settings_for
from tests.rig.certificates import Authority
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.identity_provider import authorization
from tests.rig.redis_server import ask, running_redis


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[RunningControlPlane]:
    """A platform with one API that has a policy."""
    async with running_control_plane(tmp_path) as platform:
        api = await platform.admin.create_api("orders")
        await platform.admin.apply_policy(api["id"], "client-id-enforcement", {})
        yield platform


ABOUT = ("platform: ", "quota store: ", "client provider: ")
"""How the lines about what works begin."""


async def check(directory: Path, settings: dict[str, Any]) -> tuple[int, list[str], list[str]]:
    """Exit code, the lines about what works, and the lines about what failed."""
    config = directory / "online.yaml"
    config.write_text(yaml.safe_dump(settings))
    command = ["check-config", "--online", "--config", str(config)]
    # In a thread, because the command runs an event loop of its own.
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert isinstance(result.exception, SystemExit | None)
    # The control plane of the test logs to the same place.
    good = [line for line in result.stdout.splitlines() if line.startswith(ABOUT)]
    return result.exit_code, good, result.stderr.splitlines()


async def test_everything_answers(platform: RunningControlPlane, tmp_path: Path) -> None:
    """Token, environment, one API and Redis."""
    async with running_redis(tmp_path) as redis:
        quota = {"store": "redis", "url": redis.url, "deadline_s": 5}
        assert await check(tmp_path, settings_for(platform, quota=quota)) == (
            0,
            [
                "platform: logged in; the environment has 1 API instances",
                "platform: API 1 has 1 policies of its own",
                "quota store: it answers, and runs the script that counts",
            ],
            [],
        )


NOT_FOUND = (
    "the platform answered 404; check platform.organization_id, platform.environment_id and "
    "platform.apis"
)


@pytest.mark.parametrize(
    ("changes", "good", "fault"),
    [
        (
            {"client_secret": "wrong"},
            [],
            "failed: POST /accounts/oauth2/token: the platform answered 401; check "
            "platform.client_id and platform.client_secret",
        ),
        (
            {"apis": [1, 99]},
            [
                "platform: logged in; the environment has 1 API instances",
                "platform: API 1 has 1 policies of its own",
            ],
            "failed: platform.apis: the environment has no API instance 99; it has 1; check "
            "platform.environment_id, too",
        ),
        (
            {"base_url": "http://127.0.0.1:9"},
            [],
            "failed: POST /accounts/oauth2/token: 127.0.0.1:9 refuses connections: no server runs "
            "there, or the port is wrong; check platform.base_url",
        ),
    ],
    ids=["secret", "api", "address"],
)
async def test_a_platform_that_refuses(
    platform: RunningControlPlane,
    tmp_path: Path,
    changes: dict[str, Any],
    good: list[str],
    fault: str,
) -> None:
    """Exit code 1: the settings can be used, and a server says no."""
    settings = settings_for(platform)
    settings["platform"] |= changes
    assert await check(tmp_path, settings) == (1, good, [fault])


@pytest.mark.parametrize("name", ["organization_id", "environment_id"])
async def test_another_environment(
    platform: RunningControlPlane, tmp_path: Path, name: str
) -> None:
    """The platform says 404 or 403, and the message names the settings to look at."""
    settings = settings_for(platform)
    settings["platform"][name] = "another"
    code, good, (fault,) = await check(tmp_path, settings)
    assert (code, good) == (1, [])
    assert "platform.environment_id" in fault


@pytest.mark.parametrize(
    ("arguments", "url", "meaning"),
    [
        (
            ("--requirepass", "secret"),
            "redis://127.0.0.1:{port}",
            "it refuses the user name or password; check quota.url",
        ),
        (
            ("--requirepass", "secret"),
            "redis://:guessed@127.0.0.1:{port}",
            "it refuses the user name or password; check quota.url",
        ),
        (
            (),
            "rediss://127.0.0.1:{port}",
            "it does not answer in time; check the host in quota.url, and whether it serves TLS "
            "(rediss://)",
        ),
        (
            (),
            "redis://127.0.0.1:9",
            "it refuses connections: no server runs there, or the port in quota.url is wrong",
        ),
        (
            ("--rename-command", "EVAL", "", "--rename-command", "EVALSHA", ""),
            "redis://127.0.0.1:{port}",
            "it does not know what the adapter needs: use Redis 6 or newer, or Valkey",
        ),
        (
            ("--replicaof", "127.0.0.1", "9"),
            "redis://127.0.0.1:{port}",
            "it is a read-only replica; name the primary in quota.url",
        ),
        (
            ("--maxmemory", "1"),
            "redis://127.0.0.1:{port}",
            "its memory is full; raise its maxmemory",
        ),
        (
            (),
            "redis+cluster://127.0.0.1:{port}",
            "it is not a cluster, or none of its nodes can be reached; check quota.url",
        ),
        (
            (),
            "redis+sentinel://127.0.0.1:{port}/mymaster",
            "it is not a Sentinel; check quota.url",
        ),
    ],
    ids=range(9),
)
async def test_a_redis_that_cannot_count(
    platform: RunningControlPlane,
    tmp_path: Path,
    arguments: tuple[str, ...],
    url: str,
    meaning: str,
) -> None:
    """Whatever is wrong with it, in words that name the fix, and without the password."""
    async with running_redis(tmp_path, *arguments) as redis:
        quota = {"store": "redis", "url": url.format(port=redis.port), "deadline_s": 5}
        code, _, faults = await check(tmp_path, settings_for(platform, quota=quota))
    assert (code, faults) == (1, [f"failed: the quota store failed: {meaning}"])


async def test_a_redis_user_without_rights(platform: RunningControlPlane, tmp_path: Path) -> None:
    """Its commands are named."""
    async with running_redis(tmp_path) as redis:
        await ask(redis, "ACL SETUSER poor on >pass ~* +ping")
        url = f"redis://poor:pass@127.0.0.1:{redis.port}"
        quota = {"store": "redis", "url": url, "deadline_s": 5}
        _, _, faults = await check(tmp_path, settings_for(platform, quota=quota))
    assert faults == [
        "failed: the quota store failed: its user lacks rights; allow PING, EVAL, EVALSHA, GET, "
        "SET and PTTL on the keys of quota.prefix (ACL SETUSER)"
    ]


async def test_a_redis_whose_certificate_is_not_trusted(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """quota.ca_file is what to look at."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*Authority(tmp_path).issue("redis"))
    other = tmp_path / "other"
    other.mkdir()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", ssl=context)
    async with server:
        url = f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        trusted = str(Authority(other).certificate)
        quota = {"store": "redis", "url": url, "ca_file": trusted}
        _, _, faults = await check(tmp_path, settings_for(platform, quota=quota))
    assert faults == [
        "failed: the quota store failed: its certificate is not trusted or is for another host; "
        "check quota.ca_file"
    ]


@pytest.mark.parametrize(
    ("secret", "code", "line"),
    [
        ("right", 0, "client provider: it accepts our credentials and introspects tokens"),
        (
            "wrong",
            1,
            "failed: identity.client_provider: it answered 401; check the credentials that the "
            "policy or identity.client_provider has for the provider",
        ),
    ],
)
async def test_a_client_provider(
    platform: RunningControlPlane, tmp_path: Path, secret: str, code: int, line: str
) -> None:
    """It is asked about a token that nobody has, which shows whether it knows us."""

    async def introspect(request: web.BaseRequest) -> web.Response:
        known = request.headers.get("authorization") == authorization("us", "right")
        return web.json_response({"active": False}, status=200 if known else 401)

    async with serving(introspect) as url:
        provider = {"introspection_url": url, "client_id": "us", "client_secret": secret}
        identity = {
            "client_provider": provider,
            "allow_http": True,
            "allow_networks": ["127.0.0.0/8"],
        }
        found, good, faults = await check(tmp_path, settings_for(platform, identity=identity))
    assert (found, [*good, *faults][-1]) == (code, line)
