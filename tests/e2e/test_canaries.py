"""Secrets are planted wherever there are any, and searched for in everything that a run leaves."""

import asyncio
import base64
import re
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from adapter.cli import app
from adapter.envoy_config import ApiRoute, render
from support.admin import Admin, AdminError
from support.console_crawl import crawl, page_name
from support.defaults import envoy_config
from support.token_issuer import TokenIssuer
from support.upstream import Upstream
from tests.control_plane.official_bodies import ALERT_EXAMPLE
from tests.e2e.canary_run import Run, fill, mail_settings, platform
from tests.e2e.conftest import QUICK_AND_PATIENT
from tests.rig.adapter_process import AdapterProcess
from tests.rig.canaries import Canaries, files
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.polling import eventually
from tests.rig.raw_http import request
from tests.rig.redis_server import running_redis

BUG = """
from adapter.policy.contracts.hashed_secret import HashedSecret
_matches = HashedSecret.matches
def matches(self, secret):
    if secret.startswith("crash"):
        raise RuntimeError("a bug")
    return _matches(self, secret)
HashedSecret.matches = matches
"""
"""Makes a Check crash while a secret is in a variable."""
IN_CLEAR = "policy "
"""Secrets of policies are in clear in the platform's database: docs/production.md says so."""
MOST_OF_A_KIND = 1
"""Pages of one kind that are searched, because each takes a while."""
PAGES = ("/readyz", "/healthz", "/metrics")
INSPECTION = (
    *("/apis", "/apis/1", "/apis/1/contracts", "/apis/2", "/analytics", "/quotas", "/identity"),
    *("/sync", "/denials", "/discovered"),
)


def settings(run: Run, admin: Admin, redis: str) -> dict[str, Any]:
    """The adapter's settings, with every secret that they can have."""
    made, plant = admin.credentials, run.canaries.plant
    return {
        "state_directory": str(run.directory / "state"),
        "listener": {"address": "127.0.0.1:0", "token": plant("listener token")},
        "platform": {
            "base_url": made["base_url"],
            "organization_id": made["organization_id"],
            "environment_id": made["environment_id"],
            "client_id": made["gateway_client_id"],
            "client_secret": made["gateway_client_secret"],
            "poll_interval_s": 0.3,
        },
        "quota": {"store": "redis", "url": redis, "secret": plant("quota secret")},
        "identity": {
            "allow_http": True,
            "allow_plain_ldap": True,
            "allow_networks": ["127.0.0.0/8"],
            "client_provider": {
                "introspection_url": "http://127.0.0.1:9",
                "client_id": "adapter",
                "client_secret": plant("client provider"),
            },
        },
        "analytics": {"batch_age_s": 0.2, "verdict_sample": 1},
        "observability": {
            "log_level": "debug",
            "log_format": "console",
            "metrics_address": "127.0.0.1:0",
            "inspection_address": "127.0.0.1:0",
        },
        "shutdown": {"drain_s": 0},
    }


def basic(name: str, password: str) -> tuple[str, str]:
    """The header with a user's password."""
    return "authorization", f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


async def send_requests(run: Run, address: str) -> list[int]:
    """Requests with every kind of secret that a client sends; their statuses."""
    plant, secrets = run.canaries.plant, run.canaries.secrets
    client = ("client_id", run.shop["clientId"])
    issuer = TokenIssuer("HS256", key=f"{secrets['policy key']}--------".encode())
    token = run.canaries.keep("JWT", issuer.token({"sub": "me", "exp": 9_000_000_000}))
    requests = [
        ("1", [client, ("client_secret", secrets["client secret"])]),
        ("1", [client, ("client_secret", secrets["old client secret"])]),
        ("1", [client, ("client_secret", plant("wrong client secret"))]),
        ("2", [basic("alice", plant("user password"))]),
        ("3", [("authorization", f"Bearer {plant('opaque token')}")]),
        ("4", [("authorization", f"Bearer {token}")]),
        ("4", [("authorization", f"Bearer {token[:-4]}AAAA")]),
        ("5", [basic("admin", secrets["policy basic password"])]),
        ("1", [client, ("client_secret", plant("crash"))]),
    ]
    path = f"/a?api_key={plant('API key')}"
    cookie = ("cookie", f"session={plant('cookie')}")
    return [
        (await request(address, f"{api}.test", path, [*headers, cookie])).status
        for api, headers in requests
    ]


async def look_at_adapter(run: Run, adapter: AdapterProcess, envoy: Envoy) -> None:
    """Everything that operators of the adapter see."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for base, paths in ((adapter.metrics, PAGES), (adapter.inspection, INSPECTION)):
            for path in paths:
                answer = await client.get(base + path)
                assert answer.status_code in (200, 503), path
                run.saw(path, answer.text)
    config = ["--config", str(run.directory / "adapter" / "adapter.yaml")]
    inspection = [*config, "--inspection", adapter.inspection.removeprefix("http://")]
    right = f"client_secret: {run.canaries.secrets['client secret']}"
    for arguments in (
        ["explain", *inspection, "--api", "1", "GET", "/a", "--header", right],
        ["denials", *inspection],
        ["doctor", *config, "--envoy", envoy.admin],
        ["spool", "list", *config],
        ["check-config", *config],
    ):
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        assert result.output, arguments
        run.saw(f"policy-adapter {arguments[0]}", result.output + repr(result.exception))


async def look_at_platform(run: Run, admin: Admin) -> None:
    """Every page of the console for an owner, with a session and a personal token; exports."""
    base = admin.credentials["base_url"]
    async with httpx.AsyncClient(base_url=base, headers={"Origin": base}, trust_env=False) as owner:
        login = {"name": "admin", "password": admin.credentials["admin_password"]}
        await owner.post("/login", data=login)
        [cookie] = owner.cookies.jar
        session = run.canaries.keep("session", str(cookie.value))
        # As browsers do on this machine; the client sends such a cookie only over HTTPS.
        owner.headers["Cookie"] = f"{cookie.name}={session}"
        made = await owner.post("/settings/tokens", data={"name": "script", "days": "7"})
        token = re.search(r">(pcp_[\w-]+)<", made.text)
        assert token is not None
        run.canaries.keep("personal token", token[1])

        seen = Counter[str | None]()

        async def fetch(path: str) -> str:
            kind = page_name(path.partition("?")[0])
            seen[kind] += 1
            if kind and seen[kind] > MOST_OF_A_KIND:
                return ""
            answer = await owner.get(path, follow_redirects=True)
            run.saw(path, answer.text)
            return answer.text

        home = f"/environments/{admin.credentials['environment_id']}"
        found = await crawl(fetch, home)
        assert len(found) > 20
        notice = await owner.post(f"{found['alert']}/test")
        assert notice.status_code == 200
        run.saw("test notice", notice.text)
        for export in (f"{home}/requests.csv", f"{home}/requests.json", "/audit/entries.csv"):
            await fetch(export)
    run.saw("events", str(await admin.events(duration="1d")))


async def break_platform(run: Run, admin: Admin) -> None:
    """Let a statement fail while a secret is among its values."""
    with sqlite3.connect(run.directory / "platform" / "platform.db") as database:
        database.execute("ALTER TABLE policies RENAME TO gone")
    secret = run.canaries.plant("policy of a statement that failed")
    with pytest.raises(AdminError, match=" 503 "):
        await admin.apply_policy(
            1, "http-basic-authentication", {"username": "u", "password": secret}
        )
    await admin.create_alert(1, ALERT_EXAMPLE)


@pytest.mark.asyncio(loop_scope="session")
async def test_no_planted_secret_is_in_what_a_run_leaves(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs with tracebacks, metrics, pages, exports, analytics, spool, disk copy and databases."""
    run = Run(tmp_path)
    password = run.canaries.plant("Redis password")
    for name, value in mail_settings(run).items():
        monkeypatch.setenv(name, value)
    async with running_redis(tmp_path, "--requirepass", password) as redis, platform(run) as admin:
        await fill(run, admin)
        (tmp_path / "sitecustomize.py").write_text(BUG)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        url = f"redis://:{password}@127.0.0.1:{redis.port}"
        chosen = settings(run, admin, url)
        async with AdapterProcess(chosen, tmp_path / "adapter") as adapter:
            await adapter.until_ready()
            token, log = chosen["listener"]["token"], str(tmp_path / "envoy-access.log")
            routes = [ApiRoute(str(n), upstream.http_address, (f"{n}.test",)) for n in range(1, 6)]
            config = envoy_config(
                routes,
                (adapter.address,),
                **QUICK_AND_PATIENT | {"token": token, "access_log": log},
            )
            async with Envoy(envoy_binary(NEWEST), render(config), tmp_path / "envoy") as envoy:
                statuses = await send_requests(run, envoy.address)
                assert statuses == [200, 200, 401, 503, 503, 200, 401, 200, 503]

                async def all_arrived() -> bool:
                    return len(await admin.events(duration="1d")) == len(statuses)

                await eventually(all_arrived)
                await look_at_adapter(run, adapter, envoy)
                await look_at_platform(run, admin)
                redis.stop()

                async def store_is_down() -> bool:
                    await send_requests(run, envoy.address)
                    return b"quota.store_down" in adapter.log.read_bytes()

                await eventually(store_is_down)
            state = files(tmp_path / "state", "*")
        await break_platform(run, admin)
    logs = files(tmp_path, "*.log")
    assert b"RuntimeError: a bug" in logs["adapter/adapter.log"]
    assert b"no such table: policies" in logs["platform/platform.log"]
    assert b"alerts.delivery_failed" in logs["platform/platform.log"]
    databases = files(tmp_path / "platform", "*.db*")
    found = run.canaries.found_in({**run.places, **logs, **state, **databases})
    stored = [f"{name} in " for name in run.canaries.secrets if name.startswith(IN_CLEAR)]
    leaked = [each for each in found if not (each.startswith(tuple(stored)) and ".db" in each)]
    assert leaked == []
    assert run.canaries.found_in({"Envoy's configuration": config_text(tmp_path)}) == [
        "listener token in Envoy's configuration"
    ]


def config_text(directory: Path) -> bytes:
    """A file in which a secret is, so that the search is known to find one."""
    return (directory / "envoy" / "envoy.yaml").read_bytes()


def test_a_secret_is_found_in_base64_wherever_it_begins() -> None:
    """As in a header with a user's name and password."""
    canaries = Canaries()
    secret = canaries.plant("password")
    places = {
        name: base64.b64encode(f"{name}:{secret}:x".encode()) for name in ("", "a", "ab", "abc")
    }
    assert len(canaries.found_in(places)) == len(places)
    assert canaries.found_in({"other": b"password"}) == []
