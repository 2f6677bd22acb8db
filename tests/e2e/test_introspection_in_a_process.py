"""Introspection of tokens in a whole adapter process that polls a control plane."""

import json
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.integration.http_client.servers import serving
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import running_control_plane
from tests.rig.polling import eventually

ON_LOOPBACK: dict[str, Any] = {"allow_http": True, "allow_networks": ["127.0.0.0/8"]}
TOKEN = {"authorization": "Bearer of-the-application"}


class Provider:
    """A provider whose only client has an active token for a long time."""

    def __init__(self) -> None:
        self.client_id = ""
        self.questions = 0

    async def handle(self, _: web.BaseRequest) -> web.Response:
        """Answer."""
        self.questions += 1
        return web.json_response(
            {"active": True, "client_id": self.client_id, "exp": 9_000_000_000}
        )


async def test_a_revoked_contract_is_refused_within_a_poll_although_its_token_is_remembered(
    tmp_path: Path,
) -> None:
    """The provider is asked once; the contract counts in every Check."""
    provider = Provider()
    async with serving(provider.handle) as url, running_control_plane(tmp_path) as platform:
        admin = platform.admin
        api = await admin.create_api("orders")
        configuration = {"introspectionURL": url, "authorizationValue": "Basic c2VjcmV0"}
        await admin.apply_policy(api["id"], "oauth2-token-introspection", configuration)
        application = await admin.create_application("shop")
        provider.client_id = application["clientId"]
        contract = await admin.request_contract(api["id"], application["id"])
        settings = settings_for(platform, identity=ON_LOOPBACK)
        async with AdapterProcess(settings, tmp_path) as adapter:
            await adapter.until_ready()

            async def passes() -> bool:
                response = await adapter.check(str(api["id"]), TOKEN)
                return bool(response.status.code == 0)

            async def is_refused() -> bool:
                return not await passes()

            await eventually(passes)
            await admin.revoke(api["id"], contract["id"])
            await eventually(is_refused)
            await admin.restore(api["id"], contract["id"])
            await eventually(passes)
            metrics = await adapter.metric_lines()
            shown = json.dumps(await adapter.inspect("/identity"))
    assert provider.questions == 1
    assert 'adapter_introspections_total{result="active"} 1.0' in metrics
    assert '"remembered_active": 1' in shown
    assert "of-the-application" not in adapter.log.read_text() + shown + "".join(metrics)
    assert "c2VjcmV0" not in adapter.log.read_text() + shown


async def test_without_a_client_provider_the_api_is_closed_and_says_what_to_set(
    tmp_path: Path,
) -> None:
    """The platform does not send it."""
    async with running_control_plane(tmp_path) as platform:
        api = await platform.admin.create_api("orders")
        policy = "openidconnect-access-token-enforcement"
        await platform.admin.apply_policy(api["id"], policy, {"scopes": "read"})
        async with AdapterProcess(settings_for(platform), tmp_path) as adapter:
            await adapter.until_ready()
            response = await adapter.check(str(api["id"]), TOKEN)
            details = (await adapter.readiness())["details"]
    assert response.denied_response.status.code == 503
    assert "identity.client_provider" in details[f"api {api['id']}"]
