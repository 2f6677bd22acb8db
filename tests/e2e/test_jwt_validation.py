"""Tokens in front of a real Envoy, with the keys of an issuer on a server of its own."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from adapter.envoy_config import ApiRoute, render
from support.defaults import envoy_config
from support.token_issuer import TokenIssuer, key_set
from support.upstream import Upstream
from tests.integration.http_client.servers import serving
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.envoy import Envoy
from tests.rig.polling import eventually
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

OLD: Final = TokenIssuer("RS256", "old")
NEW: Final = TokenIssuer("RS256", "new")
LOOPBACK: Final = {"allow_http": True, "allow_networks": ["127.0.0.0/8"]}


class Issuer:
    """A server with a key set; `fetched` counts the requests for it."""

    def __init__(self) -> None:
        self.document = key_set(OLD.jwk)
        self.status = 200
        self.fetched = 0

    async def answer(self, _: web.BaseRequest) -> web.Response:
        """Answer any request."""
        self.fetched += 1
        return web.Response(body=self.document, status=self.status)


class Scene:
    """An API with jwt-validation; the client application has an approved contract."""

    def __init__(self, platform: RunningControlPlane, issuer: Issuer) -> None:
        self.platform = platform
        self.issuer = issuer
        self.api_id = 0
        self.contract_id = 0
        self.client_id = ""

    async def prepare(self, url: str) -> None:
        """Create the API and its contract."""
        admin = self.platform.admin
        self.api_id = (await admin.create_api("orders"))["id"]
        await admin.apply_policy(self.api_id, "jwt-validation", {"jwksUrl": f"{url}/keys"})
        application = await admin.create_application("Shop")
        self.client_id = application["clientId"]
        self.contract_id = (await admin.request_contract(self.api_id, application["id"]))["id"]

    def token(self, issuer: TokenIssuer = OLD, **claims: Any) -> str:
        """A token for the client application."""
        good = {"client_id": self.client_id, "exp": time.time() + 600}
        return issuer.token(good | claims)

    async def allows(self, adapter: AdapterProcess, token: str) -> bool:
        """Whether the adapter allows a request with this token."""
        checked = await adapter.check(str(self.api_id), {"authorization": f"Bearer {token}"})
        return bool(checked.status.code == 0)


@asynccontextmanager
async def scene(directory: Path) -> AsyncIterator[Scene]:
    """Platform and issuer."""
    issuer = Issuer()
    async with running_control_plane(directory) as platform, serving(issuer.answer) as url:
        made = Scene(platform, issuer)
        await made.prepare(url)
        yield made


async def test_through_a_real_envoy(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """Accepted, absent, forged, expired; a new key works at once; a revoked contract does not."""
    async with scene(tmp_path) as made:
        settings = settings_for(made.platform, identity=LOOPBACK)
        async with AdapterProcess(settings, tmp_path / "adapter") as adapter:
            await adapter.until_ready()
            route = ApiRoute(str(made.api_id), upstream.http_address, ("orders.test",))
            config = envoy_config(apis=(route,), adapters=(adapter.address,), check_timeout_s=5)
            async with Envoy(binary, render(config), tmp_path / "envoy") as envoy:

                async def ask(token: str | None) -> Answer:
                    headers = () if token is None else (("authorization", f"Bearer {token}"),)
                    return await request(envoy.address, "orders.test", "/", headers)

                async def revoked() -> bool:
                    return (await ask(old)).header("x-adapter-reason") == "credentials_invalid"

                old = made.token()
                assert (await ask(old)).upstream_saw("x-adapter-client-id") == [made.client_id]
                assert (await ask(None)).status == 400
                assert (await ask(made.token(TokenIssuer("RS256", "old")))).status == 401
                assert (await ask(made.token(exp=time.time() - 60))).status == 401
                made.issuer.document = key_set(OLD.jwk, NEW.jwk)
                assert (await ask(made.token(NEW))).status == 200
                assert (await ask(old)).status == 200
                await made.platform.admin.revoke(made.api_id, made.contract_id)
                await eventually(revoked)
            metrics = await adapter.metric_lines()
    assert 'adapter_key_sets{state="current"} 1.0' in metrics
    assert 'adapter_key_fetches_total{result="succeeded"} 2.0' in metrics
    assert any(line.startswith('adapter_tokens_total{result="remembered"}') for line in metrics)


async def test_an_issuer_that_is_down_at_a_restart_refuses_no_good_token(tmp_path: Path) -> None:
    """Keys are kept beside the disk copy; what is wrong shows in readiness and inspection."""
    async with scene(tmp_path) as made:
        disk = {"directory": str(tmp_path / "disk")}
        settings = settings_for(made.platform, identity=LOOPBACK, disk_copy=disk)
        async with AdapterProcess(settings, tmp_path / "first") as adapter:
            await adapter.until_ready()
            assert await made.allows(adapter, made.token())
        made.issuer.status = 500
        async with AdapterProcess(settings, tmp_path / "second") as adapter:
            assert await made.allows(adapter, made.token())
            await adapter.until_ready()

            async def shown() -> bool:
                return any("key set" in name for name in (await adapter.readiness())["details"])

            await eventually(shown)
            (found,) = (await adapter.inspect("/identity"))["key_sets"]
            metrics = await adapter.metric_lines()
    assert (found["keys"], "status 500" in found["fault"]) == (1, True)
    assert 'adapter_key_sets{state="stale"} 1.0' in metrics


async def test_an_address_that_the_operator_did_not_allow_is_not_called(tmp_path: Path) -> None:
    """The API is closed with the reason, which names the setting."""
    async with scene(tmp_path) as made:
        async with AdapterProcess(settings_for(made.platform), tmp_path / "adapter") as adapter:
            await adapter.until_ready()
            headers = {"authorization": f"Bearer {made.token()}"}
            refused = (await adapter.check(str(made.api_id), headers)).denied_response
            details = (await adapter.readiness())["details"]
        assert made.issuer.fetched == 0
    assert refused.status.code == 503
    assert not any("key set" in name for name in details)
    assert any("identity.allow_http" in detail for detail in details.values())
